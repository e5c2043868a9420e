import { useEffect, useRef } from 'preact/hooks';
import type { App } from '../app/app.ts';
import { language } from '../app/language.ts';
import type { End } from '../model/phase.ts';

/** Out of the call, or not let in: why, and the way back. */
export function After({ app, end }: { readonly app: App; readonly end: End }) {
  const { after: words, reasons } = language.value.words;
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const again = {
    rejoin: words.rejoin,
    take_over: words.takeOver,
    later: words.tryAgain,
    new_token: words.newToken,
    no: undefined,
  }[end.again];
  return (
    <main id="after" class="card-page" data-end={end.end} data-reason={end.reason}>
      <div class="card centred">
        <div>
          <h1 id="after-title" tabIndex={-1} ref={title}>
            {words.title[end.end]}
          </h1>
          <p id="after-detail" class="lead">
            {reasons[end.reason]}
          </p>
        </div>
        <p class="room-name">
          <bdi>{app.room.value}</bdi>
        </p>
        <div class="buttons">
          {again !== undefined && (
            <button
              id="rejoin"
              type="button"
              class="primary large"
              onClick={() => void (end.again === 'new_token' ? app.askToken() : app.rejoin())}
            >
              {again}
            </button>
          )}
          <button id="back" type="button" class="plain" onClick={() => app.back()}>
            {words.anotherRoom}
          </button>
        </div>
      </div>
    </main>
  );
}
