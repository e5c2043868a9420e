import type { MediaSection } from '../signal.ts';
import type { TrackSource } from '../vocabulary.ts';
import type { Peer, PeerTrack } from './peer.ts';
import type { SdpSection } from './sdp.ts';

/** A track that a peer sends. */
export interface RemoteTrack {
  readonly mid: string;
  /** `Track.id` in its roster entry; '' where its client does not tell. */
  readonly trackId: string;
  readonly source: TrackSource;
  readonly track: MediaStreamTrack;
}

/** What a round changed. */
export interface TrackChange {
  readonly added: readonly RemoteTrack[];
  readonly removed: readonly RemoteTrack[];
}

/**
 * What one peer sends, read from its descriptions and the transceivers instead of 'track' events, whose order and
 * repetition differ between stacks.
 */
export class RemoteTracks {
  readonly #tracks = new Map<string, RemoteTrack>();

  get all(): readonly RemoteTrack[] {
    return [...this.#tracks.values()];
  }

  /** After a remote description was applied. `media`: what it says of its m-lines. */
  update(
    transceivers: readonly RTCRtpTransceiver[],
    sections: readonly SdpSection[],
    media: readonly MediaSection[],
  ): TrackChange {
    const now = new Map<string, RemoteTrack>();
    for (const { mid, kind, sends } of sections) {
      if (!sends || (kind !== 'audio' && kind !== 'video')) continue;
      const track = transceivers.find((found) => found.mid === mid)?.receiver.track;
      if (!track) continue;
      const told = media.find((section) => section.mid === mid);
      // A client that lists its tracks sends nothing on the m-lines that it leaves out.
      if (told === undefined && media.length > 0) continue;
      const source = told?.source ?? (kind === 'audio' ? 'microphone' : 'camera');
      now.set(mid, { mid, trackId: told?.trackId ?? '', source, track });
    }
    return this.#change(now);
  }

  /** The connection is gone. */
  clear(): TrackChange {
    return this.#change(new Map());
  }

  #change(now: ReadonlyMap<string, RemoteTrack>): TrackChange {
    const removed = this.all.filter((before) => !same(before, now.get(before.mid)));
    const added = [...now.values()].filter((after) => !same(after, this.#tracks.get(after.mid)));
    for (const { mid } of removed) this.#tracks.delete(mid);
    for (const track of added) this.#tracks.set(track.mid, track);
    return { added, removed };
  }
}

function same(a: RemoteTrack, b: RemoteTrack | undefined): boolean {
  return b !== undefined && a.trackId === b.trackId && a.source === b.source && a.track === b.track;
}

/** A track as the application sees it. */
export function peerTrack(peer: Peer, { track, trackId, source }: RemoteTrack): PeerTrack {
  const { participant } = peer;
  const name = participant.tracks.find(({ id }) => id === trackId)?.name ?? '';
  return { peer, participant, track, source, trackId, name };
}
