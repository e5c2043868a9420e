import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { Icon } from './icons.tsx';

/** What the page says by itself: for a while, and aloud. Over the header, the newest only: below are faces. */
export function NotesView({ call }: { readonly call: Call }) {
  const { words } = language.value;
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
                <span>{say(words)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
