import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { Dialog } from './dialog.tsx';
import { REACTIONS, ReactionPicture } from './reaction-picture.tsx';

/** Reactions with what the room has of each so far. */
export function ReactionsMenu({ call }: { readonly call: Call }) {
  const close = () => {
    call.look.menu.value = undefined;
  };
  return (
    <Dialog id="reactions-menu" kind="sheet" title={language.value.words.call.react} onClose={close}>
      <ReactionButtons call={call} />
    </Dialog>
  );
}

export function ReactionButtons({ call, done }: { readonly call: Call; readonly done?: () => void }) {
  const { call: words, reactions } = language.value.words;
  return (
    <ul class="reactions">
      {REACTIONS.map((key) => {
        const total = call.totals.value.get(key) ?? 0;
        return (
          <li key={key}>
            <button
              type="button"
              class="reaction"
              data-reaction={key}
              aria-label={words.reactWith(reactions[key], total)}
              title={reactions[key]}
              onClick={() => {
                call.reactions.send(key);
                done?.();
              }}
            >
              <ReactionPicture name={key} />
              <span class="reaction-total" aria-hidden="true">
                {total === 0 ? '' : total}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
