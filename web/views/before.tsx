import { useEffect, useRef } from 'preact/hooks';
import type { App } from '../app/app.ts';
import { language } from '../app/language.ts';
import { DevicePickers } from './device-pickers.tsx';
import { Icon } from './icons.tsx';
import { LanguagePicker } from './language-picker.tsx';
import { Preview } from './preview.tsx';

/** The form: who one is, which room, with what. */
export function Before({ app }: { readonly app: App }) {
  const { before: words, product } = language.value.words;
  const name = useRef<HTMLInputElement>(null);
  const problem = app.problem.value;
  useEffect(() => {
    // On a phone that would cover half of the page with its keyboard.
    if (matchMedia('(hover: hover)').matches) name.current?.focus({ preventScroll: true });
  }, []);
  const said = useRef<HTMLParagraphElement>(null);
  // On a phone it is below what one sees.
  useEffect(() => said.current?.scrollIntoView({ block: 'nearest' }), [problem]);
  return (
    <div class="lobby-page">
      <header class="lobby-head">
        <p class="brand">
          <img src="icon.svg" alt="" width="28" height="28" /> {product}
        </p>
        <LanguagePicker />
      </header>
      <main id="before" class="before">
        <Preview app={app} />
        <form
          id="join-form"
          class="join"
          onSubmit={(event) => {
            event.preventDefault();
            const { submitter } = event;
            void app.join(submitter instanceof HTMLButtonElement && submitter.value === 'without');
          }}
        >
          <h1>{words.title}</h1>
          <p class="lead">{words.lead}</p>
          <label class="field" for="name">
            <span>{words.name}</span>
            <input
              ref={name}
              id="name"
              name="name"
              maxLength={64}
              autocomplete="name"
              dir="auto"
              required
              value={app.name.value}
              onInput={(event) => {
                app.name.value = event.currentTarget.value;
              }}
            />
          </label>
          <div class="field">
            <label for="room">{words.room}</label>
            <div class="with-button">
              <input
                id="room"
                name="room"
                maxLength={128}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                dir="auto"
                required
                aria-describedby="room-hint"
                value={app.room.value}
                onInput={(event) => {
                  app.room.value = event.currentTarget.value;
                }}
              />
              <button
                type="button"
                class="round quiet"
                aria-label={words.anotherRoom}
                title={words.anotherRoom}
                onClick={() => app.suggest()}
              >
                <Icon name="refresh" />
              </button>
            </div>
            <p id="room-hint" class="hint">
              {words.roomHint}
            </p>
          </div>
          {app.tokenNeeded.value && <TokenField app={app} />}
          <p id="join-error" ref={said} class="problem" role="alert" hidden={problem === undefined}>
            {problem?.(language.value.words)}
          </p>
          <div class="buttons">
            <button id="join-with" type="submit" class="primary large">
              {words.join}
            </button>
            <button id="join-without" type="submit" value="without" class="plain">
              {words.joinWithout}
            </button>
          </div>
          <details class="more-devices">
            <summary>
              <Icon name="settings" /> {language.value.words.devices.title}
            </summary>
            <DevicePickers app={app} />
          </details>
        </form>
      </main>
    </div>
  );
}

function TokenField({ app }: { readonly app: App }) {
  const { before: words } = language.value.words;
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <div id="token-part" class="field">
      <label for="token">{words.token}</label>
      <textarea
        ref={field}
        id="token"
        name="token"
        rows={3}
        autocomplete="off"
        spellcheck={false}
        dir="ltr"
        aria-describedby="token-hint"
        value={app.token.value}
        onInput={(event) => {
          app.token.value = event.currentTarget.value;
        }}
      />
      <p id="token-hint" class="hint">
        {words.tokenHint}
      </p>
    </div>
  );
}
