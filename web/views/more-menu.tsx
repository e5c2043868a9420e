import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { Dialog } from './dialog.tsx';
import type { IconName } from './icons.tsx';
import { Icon } from './icons.tsx';
import { ReactionButtons } from './reactions-menu.tsx';

/** What is seldom needed; on phones also what has no room among the controls. */
export function MoreMenu({ call }: { readonly call: Call }) {
  const { call: words, invite, people, devices } = language.value.words;
  const { look, host } = call;
  const { moderator, locked, handRaised } = call.tools.value;
  const { canFlip } = call.own.value;
  const close = () => {
    look.menu.value = undefined;
  };
  const item = (id: string, icon: IconName, label: string, act: () => void, className = '') => (
    <li class={className}>
      <button
        type="button"
        id={id}
        class="menu-item"
        onClick={() => {
          close();
          act();
        }}
      >
        <Icon name={icon} /> {label}
      </button>
    </li>
  );
  return (
    <Dialog id="more-menu" kind="sheet" title={words.more} onClose={close}>
      <div class="narrow-only">
        <ReactionButtons call={call} done={close} />
      </div>
      <ul class="menu">
        {item(
          'more-hand',
          'hand',
          handRaised ? words.lowerHand : words.raiseHand,
          () => call.toggleHand(),
          'narrow-only',
        )}
        {canFlip && item('more-flip', 'flip', devices.flip, () => void call.media.flip(), 'narrow-only')}
        {item('more-people', 'people', words.people, () => look.toggle('people'))}
        {item('more-invite', 'link', invite.title, () => {
          look.dialog.value = 'invite';
        })}
        {item('more-settings', 'settings', words.settings, () => {
          look.dialog.value = 'settings';
        })}
        {item('more-details', 'pulse', words.details, () => look.toggle('details'))}
        {moderator &&
          item(
            'more-lock',
            locked ? 'unlock' : 'lock',
            locked ? people.unlock : people.lock,
            () => void host.setLocked(!locked),
          )}
        {item(
          'more-shortcuts',
          'keyboard',
          words.shortcuts,
          () => {
            look.dialog.value = 'shortcuts';
          },
          'keyboard-only',
        )}
      </ul>
    </Dialog>
  );
}
