import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { together } from '../app/sentences.ts';
import type { Tile } from '../app/tile.ts';
import type { Link } from '../model/peer-view.ts';
import { Icon } from './icons.tsx';
import { Named } from './named.tsx';

interface TileStateProps {
  readonly call: Call;
  readonly tile: Tile;
}

/** What the connection to a peer lacks, in words; nothing where it lacks nothing. */
export function TileState({ call, tile }: TileStateProps) {
  const { tile: words } = language.value.words;
  const { link, name, screen } = tile;
  switch (link.state) {
    case 'connected':
      return null;
    case 'failed':
      return (
        <div class="tile-state failed" role="status">
          <p class="tile-state-title">
            <Icon name="warning" />
            <span>
              <Named text={words.failed} name={name} />
            </span>
          </p>
          {!screen && <WayOut call={call} peer={tile.peer} link={link} />}
        </div>
      );
    case 'unstable':
      return (
        <div class="tile-state unstable">
          <p class="tile-state-title">
            <Icon name="warning" /> {words.unstable}
          </p>
        </div>
      );
    default:
      return (
        <div class="tile-state quiet">
          <p>{words[link.state]}</p>
        </div>
      );
  }
}

interface WayOutProps {
  readonly call: Call;
  readonly peer: string;
  readonly link: Extract<Link, { state: 'failed' }>;
}

/** Why there is no path, and what can be done about it. */
function WayOut({ call, peer, link }: WayOutProps) {
  const { tile: words } = language.value.words;
  const cause = words.cause[link.cause];
  // Of both sentences the second one, with the space between them: where room is short it is left out.
  const hint = together(cause, words.relayHint).slice(cause.length);
  return (
    <>
      <p>
        {cause}
        {!link.relay && <span class="relay-hint">{hint}</span>}
      </p>
      <button type="button" class="plain" onClick={() => call.peers.retry(peer)}>
        <Icon name="refresh" /> {words.retry}
      </button>
    </>
  );
}
