import { useSignal } from '@preact/signals';
import type { App } from '../app/app.ts';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { Icon } from './icons.tsx';

/** What concerns the whole call and asks for something: above the pictures, not over them. */
export function Bars({ app, call }: { readonly app: App; readonly call: Call }) {
  const { call: words } = language.value.words;
  const dismissed = useSignal(false);
  return (
    <div class="bars">
      {call.soundRefused.value && (
        <div id="hear" class="bar" role="alert">
          <Icon name="speaker" />
          <span>{words.hear}</span>
          <button type="button" id="hear-now" class="primary" onClick={() => call.hear()}>
            {words.hearNow}
          </button>
        </div>
      )}
      {app.twins.value > 0 && !dismissed.value && (
        <div id="echo" class="bar" role="alert">
          <Icon name="warning" />
          <span>{words.echo}</span>
          <button
            type="button"
            class="plain"
            onClick={() => {
              dismissed.value = true;
            }}
          >
            {words.dismiss}
          </button>
        </div>
      )}
    </div>
  );
}
