import type { RefObject } from 'preact';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import type { Fit } from '../app/look.ts';
import { isolate } from '../app/sentences.ts';
import type { Tile } from '../app/tile.ts';
import type { IconName } from './icons.tsx';
import { Icon } from './icons.tsx';

interface TileToolsProps {
  readonly call: Call;
  readonly tile: Tile;
  readonly large: boolean;
  readonly fit: Fit;
  readonly frame: RefObject<HTMLElement | null>;
}

/** What can be done with a picture: the most used as buttons on the large one, all of it behind the last button. */
export function TileTools({ call, tile, large, fit, frame }: TileToolsProps) {
  const { tile: words } = language.value.words;
  const { look } = call;
  const actions = words.actions(isolate(tile.name));
  return (
    <div class="tile-tools">
      {large && (
        <>
          <Tool
            icon="fit"
            label={fit === 'fit' ? words.fill : words.fit}
            act={() => look.toggleFit(tile.key, tile.screen)}
          />
          <Tool icon="full" label={words.fullScreen} act={() => void toggleFullScreen(frame.current)} />
          {look.pinned.value === tile.key && (
            <Tool icon="pin" label={words.unspotlight} act={() => look.togglePin(tile.key)} />
          )}
        </>
      )}
      {!large && tile.screen && !tile.own && (
        <Tool icon="pin" label={words.spotlight} act={() => look.togglePin(tile.key)} />
      )}
      <Tool
        icon="more"
        label={actions}
        act={() => {
          look.dialog.value = { tile: tile.key };
        }}
      />
    </div>
  );
}

function Tool({
  icon,
  label,
  act,
}: {
  readonly icon: IconName;
  readonly label: string;
  readonly act: () => void;
}) {
  return (
    <button type="button" class="round glass" aria-label={label} title={label} onClick={act}>
      <Icon name={icon} />
    </button>
  );
}

/** Rejections (no such thing on this phone, or not by a click) leave the page as it is. */
export async function toggleFullScreen(element: HTMLElement | null | undefined): Promise<void> {
  if (document.fullscreenElement !== null) await document.exitFullscreen().catch(() => {});
  else await element?.requestFullscreen?.().catch(() => {});
}
