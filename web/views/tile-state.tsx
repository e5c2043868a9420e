import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import { together } from '../app/sentences.ts';
import type { Tile } from '../app/tile.ts';
import { Icon } from './icons.tsx';
import { Named } from './named.tsx';

/** What the connection to a peer lacks, in words; nothing where it lacks nothing. */
export function TileState({
  call,
  tile: { link, name, screen, peer },
}: {
  readonly call: Call;
  readonly tile: Tile;
}) {
  const { tile: words } = language.value.words;
  switch (link.state) {
    case 'connected':
      return null;
    case 'failed': {
      const cause = words.cause[link.cause];
      // Of both sentences the second one, with the space between them: where room is short it is left out.
      const hint = together(cause, words.relayHint).slice(cause.length);
      return (
        <div class="tile-state failed" role="status">
          <p class="tile-state-title">
            <Icon name="warning" />
            <span>
              <Named text={words.failed} name={name} />
            </span>
          </p>
          {!screen && (
            <>
              <p>
                {cause}
                {!link.relay && <span class="relay-hint">{hint}</span>}
              </p>
              <button type="button" class="plain" onClick={() => call.peers.retry(peer)}>
                <Icon name="refresh" /> {words.retry}
              </button>
            </>
          )}
        </div>
      );
    }
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
