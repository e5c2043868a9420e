import type { App } from '../app/app.ts';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { DevicePickers } from './device-pickers.tsx';
import { Dialog } from './dialog.tsx';
import { InviteTools } from './invite.tsx';
import { LanguagePicker } from './language-picker.tsx';
import { MoreMenu } from './more-menu.tsx';
import { ReactionsMenu } from './reactions-menu.tsx';
import { ShortcutList } from './shortcut-list.tsx';
import { TileDialog } from './tile-dialog.tsx';

/** What opens over the call; one at a time. */
export function CallDialogs({ app, call }: { readonly app: App; readonly call: Call }) {
  const { words } = language.value;
  const { look } = call;
  const dialog = look.dialog.value;
  const close = () => {
    look.dialog.value = undefined;
  };
  if (dialog === 'settings') {
    return (
      <Dialog key="settings" id="settings-dialog" title={words.call.settings} onClose={close}>
        <DevicePickers app={app} />
        <LanguagePicker />
      </Dialog>
    );
  }
  if (dialog === 'shortcuts') {
    return (
      <Dialog key="shortcuts" id="shortcuts-dialog" title={words.keys.title} onClose={close}>
        <ShortcutList />
      </Dialog>
    );
  }
  if (dialog === 'invite') {
    return (
      <Dialog key="invite" id="invite-dialog" title={words.invite.title} onClose={close}>
        <InviteTools app={app} />
      </Dialog>
    );
  }
  if (dialog !== undefined)
    return <TileDialog key={dialog.tile} call={call} tileKey={dialog.tile} onClose={close} />;
  if (look.menu.value === 'more') return <MoreMenu key="more" call={call} />;
  if (look.menu.value === 'reactions') return <ReactionsMenu key="reactions" call={call} />;
  return null;
}
