import { useSignal } from '@preact/signals';
import type { App } from '../app/app.ts';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { Icon } from './icons.tsx';

/** What concerns the whole call and asks for something: above the pictures, not over them. */
export function Bars({ app, call }: { readonly app: App; readonly call: Call }) {
  const { words: all } = language.value;
  const { call: words } = all;
  const dismissed = useSignal(false);
  const problem = call.notes.problem.value;
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
      <div role="alert">
        {problem !== undefined && (
          <div class="bar problem-bar">
            <Icon name="warning" />
            <span id="notice">{problem.say(all)}</span>
            {problem.retry !== undefined && (
              <button type="button" class="plain" onClick={problem.retry}>
                {all.refusal.again}
              </button>
            )}
            <button
              type="button"
              class="round quiet"
              aria-label={words.dismiss}
              title={words.dismiss}
              onClick={() => call.notes.clear()}
            >
              <Icon name="close" />
            </button>
          </div>
        )}
      </div>
    </div>
  );
}
