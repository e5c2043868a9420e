import type { App } from '../app/app.ts';
import { language } from '../app/language.ts';
import type { Kind } from '../app/screen.ts';
import { OWN } from '../app/tile.ts';
import { Icon } from './icons.tsx';
import { Level } from './level.tsx';
import { Video } from './video.tsx';

/** What the others will see, before they do; nothing is asked for until a click. */
export function Preview({ app }: { readonly app: App }) {
  const { before: words, call } = language.value.words;
  const { camera, microphone, facing } = app.own.value;
  const picture = camera.state === 'on' ? camera.track : undefined;
  const hears = microphone.state === 'on';
  const opening = camera.state === 'opening' || microphone.state === 'opening';
  const untouched = camera.state !== 'on' && !hears && !opening;
  const wish = app.wish.value;
  return (
    <section class="preview" aria-label={words.preview}>
      <div class={`preview-picture ${facing === 'environment' ? '' : 'mirrored'}`}>
        <Video id="preview" track={picture} label={words.preview} />
        {picture === undefined && (
          <div class="preview-empty">
            {untouched && (wish.camera || wish.microphone) ? (
              <>
                <button type="button" id="preview-on" class="plain strong" onClick={() => void app.preview()}>
                  <Icon name={wish.camera ? 'camera' : 'microphone'} />{' '}
                  {wish.camera && wish.microphone
                    ? words.previewOn
                    : wish.camera
                      ? call.cameraOn
                      : call.turnOnMicrophone}
                </button>
                <p>{words.previewWhy}</p>
              </>
            ) : (
              <p>{opening ? words.opening : words.noPicture}</p>
            )}
          </div>
        )}
        <div class="preview-tools">
          {hears ? <Level levels={app.levels} source={OWN} /> : <span />}
          <div class="preview-toggles">
            <Toggle app={app} kind="microphone" />
            <Toggle app={app} kind="camera" />
          </div>
        </div>
      </div>
      <p id="preview-hint" class="hint" role="status">
        {
          words.willJoin[
            wish.camera && wish.microphone
              ? 'both'
              : wish.camera
                ? 'camera'
                : wish.microphone
                  ? 'microphone'
                  : 'none'
          ]
        }
      </p>
    </section>
  );
}

function Toggle({ app, kind }: { readonly app: App; readonly kind: Kind }) {
  const { before: words } = language.value.words;
  const on = app.wish.value[kind];
  const label = on ? words.without[kind] : words.with[kind];
  return (
    <button
      type="button"
      id={`wish-${kind}`}
      class={`round glass ${on ? '' : 'off'}`}
      data-state={on ? 'on' : 'off'}
      aria-label={label}
      title={label}
      onClick={() => void app.toggleWish(kind)}
    >
      <Icon name={on ? kind : `${kind}Off`} />
    </button>
  );
}
