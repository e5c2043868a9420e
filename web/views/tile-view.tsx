import { useRef } from 'preact/hooks';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { isolate } from '../app/sentences.ts';
import type { Tile } from '../app/tile.ts';
import type { Box, Rect } from '../model/grid.ts';
import { useFloat } from './float.ts';
import { Icon } from './icons.tsx';
import { Named } from './named.tsx';
import { TileState } from './tile-state.tsx';
import { TileTools } from './tile-tools.tsx';
import { Video } from './video.tsx';

/**
 * 'grid': one of many. 'stage': the large one. 'strip': small, beside the large one. 'float': the own one, small, over the others.
 * 'beside': an own screen, next to that.
 */
export type TileRole = 'grid' | 'stage' | 'strip' | 'float' | 'beside';

interface TileViewProps {
  readonly call: Call;
  readonly tile: Tile;
  readonly place: Rect | undefined;
  readonly role: TileRole;
  readonly box: Box;
}

/** One picture with its name, and what there is to say about it. */
export function TileView({ call, tile, place, role, box }: TileViewProps) {
  const { tile: words } = language.value.words;
  const element = useRef<HTMLLIElement>(null);
  const float = useFloat(element, role === 'float', place, box, call.look);
  const { key, own, screen, name, microphone, track } = tile;
  const speaking = !screen && call.speaking.value.has(own ? key : tile.peer);
  const fit = call.look.fitOf(key, screen);
  const label = (named: string) => {
    const who = own ? words.you(named) : named;
    return screen ? words.screenOf(who) : who;
  };
  const classes = [
    'tile',
    role,
    fit,
    own && 'own',
    screen && 'screen',
    tile.mirrored && !screen && 'mirrored',
    speaking && 'speaking',
    track === undefined && 'blank',
    float.dragging && 'dragging',
  ];
  const { x = 0, y = 0, width = 0, height = 0 } = place ?? {};
  return (
    <li
      ref={element}
      class={classes.filter((name) => typeof name === 'string').join(' ')}
      hidden={place === undefined}
      data-key={key}
      data-participant={tile.participantId}
      data-name={name}
      data-source={screen ? 'screen' : 'camera'}
      data-microphone={microphone}
      data-state={stateOf(tile)}
      data-hue={hueOf(tile.identity)}
      data-small={width < 200 || height < 130}
      style={{
        insetInlineStart: `${x}px`,
        insetBlockStart: `${y}px`,
        inlineSize: `${width}px`,
        blockSize: `${height}px`,
        translate: float.translate,
      }}
      {...float.handlers}
    >
      <Video track={track} label={label(isolate(name))} onShape={(shape) => call.look.setShape(key, shape)} />
      {track === undefined && (
        <span class="initial" aria-hidden="true">
          {[...name][0]?.toUpperCase() ?? ''}
        </span>
      )}
      <TileState call={call} tile={tile} />
      <div class="caption">
        {!screen && microphone !== 'on' && (
          <span
            class="sound"
            role="img"
            aria-label={microphone === 'muted' ? words.muted : words.noMicrophone}
            title={microphone === 'muted' ? words.muted : words.noMicrophone}
          >
            <Icon name="microphoneOff" />
          </span>
        )}
        <span class="name" dir="auto">
          {role === 'float' ? (
            words.yourself
          ) : role === 'beside' ? (
            words.ownScreen
          ) : (
            <Named text={label} name={name} />
          )}
        </span>
        {speaking && <span class="visually-hidden">{words.speaking}</span>}
      </div>
      {tile.handUp && (
        <span class="hand-up" role="img" aria-label={words.handUp} title={words.handUp}>
          <Icon name="hand" />
        </span>
      )}
      {role === 'float' && (
        <button
          type="button"
          id="move-own"
          class="move-handle"
          aria-label={words.move}
          title={words.move}
          onKeyDown={float.onKeyDown}
        />
      )}
      {role !== 'float' && (
        <TileTools call={call} tile={tile} large={role === 'stage'} fit={fit} frame={element} />
      )}
    </li>
  );
}

/** The state of the connection, in the words of the SDK. */
function stateOf({ link }: Tile): string {
  return {
    connecting: 'connecting',
    connected: 'connected',
    unstable: 'interrupted',
    failed: 'failed',
    away: 'away',
    unlinked: 'closed',
  }[link.state];
}

/** One of eight tints that stays with a person. */
function hueOf(identity: string): number {
  let sum = 0;
  for (const character of identity) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % 8;
}
