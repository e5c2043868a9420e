import type { OwnMedia } from '../model/own-media.ts';
import type { Link, PeerView } from '../model/peer-view.ts';

/** One picture of the call. */
export interface Tile {
  /** Stays the same for as long as the tile is there. */
  readonly key: string;
  readonly own: boolean;
  readonly screen: boolean;
  /** Key of the peer; '' for the own tiles. */
  readonly peer: string;
  readonly participantId: string;
  readonly name: string;
  readonly identity: string;
  readonly moderator: boolean;
  /** Undefined: there is nothing to see. */
  readonly track: MediaStreamTrack | undefined;
  /** The own camera is shown as in a mirror. */
  readonly mirrored: boolean;
  readonly microphone: 'on' | 'muted' | 'none';
  readonly link: Link;
  readonly handUp: boolean;
  /** When it came, in milliseconds. */
  readonly since: number;
}

/** Who the visitor is in the call. */
export interface Self {
  readonly participantId: string;
  readonly name: string;
  readonly identity: string;
  readonly moderator: boolean;
  readonly handUp: boolean;
}

export const OWN = 'own';

/** The own tile, and one for each own screen. */
export function ownTiles(self: Self, { camera, microphone, screens, facing }: OwnMedia): readonly Tile[] {
  const common = {
    ...self,
    own: true,
    peer: '',
    link: { state: 'connected' },
    microphone: microphone.state === 'on' || microphone.state === 'muted' ? microphone.state : 'none',
    since: 0,
  } as const;
  const picture = camera.state === 'on' ? camera.track : undefined;
  return [
    { ...common, key: OWN, screen: false, track: picture, mirrored: facing !== 'environment' },
    ...screens.map(({ id, video }) => ({
      ...common,
      key: `${OWN} ${id}`,
      screen: true,
      track: video,
      mirrored: false,
      handUp: false,
    })),
  ];
}

/** The tile of another, and one for each screen that is shown. */
export function peerTiles(view: PeerView): readonly Tile[] {
  const common = {
    own: false,
    mirrored: false,
    peer: view.key,
    participantId: view.id,
    name: view.name || view.identity,
    identity: view.identity,
    moderator: view.moderator,
    microphone: view.microphone,
    link: view.link,
  };
  return [
    {
      ...common,
      key: view.key,
      screen: false,
      track: view.cameraOn ? view.camera : undefined,
      handUp: view.handRaisedAt !== undefined,
      since: view.since,
    },
    ...view.screens.map(({ key, track, since }) => ({
      ...common,
      key,
      screen: true,
      track,
      handUp: false,
      since,
    })),
  ];
}
