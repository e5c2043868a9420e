import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { Icon } from './icons.tsx';

/** What the page says by itself: for a while, and aloud. */
export function NotesView({ call }: { readonly call: Call }) {
  const { words } = language.value;
  const problem = call.notes.problem.value;
  return (
    <div class="notes">
      {call.talkingMuted.value && (
        <div id="muted-talking" class="note strong">
          <Icon name="microphoneOff" />
          <span role="status">{words.call.mutedTalking}</span>
          <button type="button" class="note-button" onClick={() => call.toggleMicrophone()}>
            {words.call.unmute}
          </button>
        </div>
      )}
      <ul id="notes" aria-live="polite" aria-relevant="additions">
        {call.notes.list.value.map(({ id, say, opens }) => (
          <li key={id} class="note">
            {opens === undefined ? (
              <span>{say(words)}</span>
            ) : (
              <button
                type="button"
                class="note-button"
                onClick={() => {
                  call.notes.dismiss(id);
                  call.look.panel.value = opens;
                }}
              >
                {say(words)}
              </button>
            )}
          </li>
        ))}
      </ul>
      <div role="alert" class="problem-place">
        {problem !== undefined && (
          <div class="note problem-note">
            <p id="notice">{problem.say(words)}</p>
            {problem.retry !== undefined && (
              <button type="button" class="plain" onClick={problem.retry}>
                {words.refusal.again}
              </button>
            )}
            <button
              type="button"
              class="round quiet"
              aria-label={words.call.dismiss}
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
