import { useRef } from 'preact/hooks';
import type { App } from '../app/app.ts';
import { language } from '../app/language.ts';
import type { Screen } from '../app/screen.ts';
import { Preview } from './preview.tsx';

type BetweenScreen = Extract<Screen, { at: 'connecting' | 'waiting' }>;

/** While connecting, and while a host or the clock has yet to open the door. */
export function Between({ app, screen }: { readonly app: App; readonly screen: BetweenScreen }) {
  const { states: words } = language.value.words;
  const { camera, microphone } = app.own.value;
  const comesWith = useRef(false);
  // Once it is there it stays: what was turned off can be turned on again.
  comesWith.current ||= camera.state === 'on' || microphone.state === 'on';
  const waits = screen.at === 'waiting';
  const [title, detail] =
    screen.at === 'connecting'
      ? [words.connecting, words.connectingDetail]
      : screen.reason === 'lobby'
        ? [words.lobby, words.lobbyDetail]
        : [words.notStarted, words.notStartedDetail];
  return (
    <main id="between" class="card-page" data-state={screen.at === 'waiting' ? screen.reason : screen.at}>
      <div class="card centred">
        <div class="waiting-mark" aria-hidden="true">
          <span />
          <span />
          <span />
        </div>
        <div role="status">
          <h1>{title}</h1>
          <p class="lead">{detail}</p>
          {screen.at === 'waiting' && screen.position > 0 && (
            <p class="hint">{words.place(screen.position)}</p>
          )}
        </div>
        {waits && comesWith.current && <Preview app={app} />}
        <p class="room-name">
          <bdi>{app.room.value}</bdi>
        </p>
        <button type="button" id="cancel" class="plain" onClick={() => app.cancel()}>
          {words.cancel}
        </button>
      </div>
    </main>
  );
}
