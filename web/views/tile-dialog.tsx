import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { isolate } from '../app/sentences.ts';
import { Dialog } from './dialog.tsx';
import type { IconName } from './icons.tsx';
import { Icon } from './icons.tsx';
import { toggleFullScreen } from './tile-tools.tsx';

interface TileDialogProps {
  readonly call: Call;
  readonly tileKey: string;
  readonly onClose: () => void;
}

/** All that can be done with one picture, and with whom it shows. */
export function TileDialog({ call, tileKey, onClose }: TileDialogProps) {
  const { tile: words, call: callWords } = language.value.words;
  const { look, host } = call;
  const tile = call.tiles.value.find(({ key }) => key === tileKey);
  // Gone meanwhile.
  if (tile === undefined) return null;
  const frame = () => document.querySelector<HTMLElement>(`.tile[data-key="${CSS.escape(tileKey)}"]`);
  const video = () => frame()?.querySelector('video') ?? undefined;
  const fit = look.fitOf(tileKey, tile.screen);
  const item = (id: string, icon: IconName, label: string, act: () => void) => (
    <li>
      <button
        type="button"
        id={id}
        class="menu-item"
        onClick={() => {
          onClose();
          act();
        }}
      >
        <Icon name={icon} /> {label}
      </button>
    </li>
  );
  const moderates = call.tools.value.moderator && !tile.own && !tile.screen;
  return (
    <Dialog id="tile-menu" kind="sheet" title={isolate(tile.name)} onClose={onClose}>
      <ul class="menu">
        {!tile.own &&
          item('tile-pin', 'pin', look.pinned.value === tileKey ? words.unspotlight : words.spotlight, () =>
            look.togglePin(tileKey),
          )}
        {tile.track !== undefined &&
          item('tile-fit', 'fit', fit === 'fit' ? words.fill : words.fit, () =>
            look.toggleFit(tileKey, tile.screen),
          )}
        {document.fullscreenEnabled &&
          item('tile-full', 'full', words.fullScreen, () => void toggleFullScreen(frame()))}
        {tile.track !== undefined &&
          document.pictureInPictureEnabled &&
          item(
            'tile-pip',
            'picture',
            words.pictureInPicture,
            () =>
              void video()
                ?.requestPictureInPicture()
                .catch(() => {}),
          )}
        {!tile.own &&
          item('tile-details', 'pulse', callWords.details, () => {
            look.panel.value = 'details';
          })}
        {moderates &&
          tile.microphone === 'on' &&
          item('tile-mute', 'microphoneOff', words.askMute, () => void host.requestMute(tile.participantId))}
        {moderates && item('tile-remove', 'remove', words.remove, () => void host.remove(tile.participantId))}
      </ul>
    </Dialog>
  );
}
