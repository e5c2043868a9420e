import type { Participant, Peer, PeerFailure, Session } from '../../src/client/index.ts';

/**
 * How it stands with a peer. 'unstable': it was connected, and a way is being looked for; its last picture stays. 'failed':
 * it is tried again from time to time; `relay`: the gateway names a relay (TURN), else that is what may be missing. 'away':
 * the peer lost its own connection to the gateway before there was one to it. 'unlinked': there is to be none. Times in
 * milliseconds since 1970.
 */
export type Link =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  | { readonly state: 'unstable'; readonly since: number }
  | { readonly state: 'failed'; readonly cause: PeerFailure; readonly relay: boolean }
  | { readonly state: 'away' }
  | { readonly state: 'unlinked' };

/** A screen that a peer shares. */
export interface PeerScreen {
  readonly key: string;
  readonly track: MediaStreamTrack;
  readonly since: number;
}

/** Somebody else in the call. */
export interface PeerView {
  /** Stays when the participant comes back under a new id. */
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly identity: string;
  readonly role: string;
  readonly moderator: boolean;
  readonly link: Link;
  /** False: gone from the roster, and connected still. */
  readonly listed: boolean;
  readonly camera: MediaStreamTrack | undefined;
  readonly cameraOn: boolean;
  readonly microphone: 'on' | 'muted' | 'none';
  /** The microphone: what tells who speaks. */
  readonly voice: MediaStreamTrack | undefined;
  /** All that is to be heard: the microphone, and the sound of screens. */
  readonly audio: readonly MediaStreamTrack[];
  readonly screens: readonly PeerScreen[];
  readonly handRaisedAt: Date | undefined;
  /** In the call since. */
  readonly since: number;
}

/** What a view is drawn from. */
export interface PeerFacts {
  readonly key: string;
  readonly participant: Participant;
  readonly peer: Peer | undefined;
  readonly listed: boolean;
  readonly link: Link;
  readonly since: number;
  /** When this was first seen under that key. */
  sinceOf(key: string): number;
}

export function viewOf({ key, participant, peer, listed, link, since, sinceOf }: PeerFacts): PeerView {
  const tracks = peer?.tracks ?? [];
  const camera = tracks.find(({ source }) => source === 'camera')?.track;
  const published = participant.tracks.some(({ source }) => source === 'microphone');
  const muted = participant.muted('microphone');
  return {
    key,
    id: participant.id,
    name: participant.name,
    identity: participant.identity,
    role: participant.role,
    moderator: participant.permissions.moderate,
    link,
    listed,
    camera,
    cameraOn: camera !== undefined && !participant.muted('camera'),
    microphone: !published ? 'none' : muted ? 'muted' : 'on',
    voice: tracks.find(({ source }) => source === 'microphone')?.track,
    audio: tracks.filter(({ track }) => track.kind === 'audio').map(({ track }) => track),
    screens: tracks
      .filter(({ source }) => source === 'screen')
      .map(({ track, trackId }) => {
        const screen = `${key}/${trackId || track.id}`;
        return { key: screen, track, since: sinceOf(screen) };
      }),
    handRaisedAt: participant.handRaisedAt,
    since,
  };
}

/** `since`: when it became unstable. */
export function linkOf(
  participant: Participant,
  peer: Peer | undefined,
  session: Pick<Session, 'iceServers'>,
  since: number,
): Link {
  const away = participant.state === 'away';
  switch (peer?.state) {
    case 'connected':
      return { state: 'connected' };
    case 'interrupted':
      return { state: 'unstable', since };
    case 'failed':
      if (away && peer.failure !== 'lost') return { state: 'away' };
      return { state: 'failed', cause: peer.failure ?? 'no_path', relay: hasRelay(session) };
    case 'new':
    case 'connecting':
      return { state: away ? 'away' : 'connecting' };
    case 'closed':
    case undefined:
      return { state: away ? 'away' : 'unlinked' };
  }
}

function hasRelay({ iceServers }: Pick<Session, 'iceServers'>): boolean {
  return iceServers.some(({ urls }) => urls.some((url) => /^turns?:/.test(url)));
}
