import type { Reason } from '../../src/client/index.ts';
import type { Browser } from '../model/browser.ts';
import type { Link } from '../model/peer-view.ts';
import type { End } from '../model/phase.ts';
import type { Refusal } from '../model/refusal.ts';

/** What a device is asked for. */
export type Wanted = 'camera' | 'microphone' | 'both' | 'screen';
/** A failed link by its cause. */
export type LinkFailure = Extract<Link, { state: 'failed' }>['cause'];
export type Ending = End['end'];
export type ReactionName = 'like' | 'love' | 'laugh' | 'wow' | 'bravo';

/** Every string of the page, in one language. Functions put names and numbers in; names come isolated already. */
export interface Words {
  readonly product: string;

  readonly before: {
    readonly title: string;
    readonly lead: string;
    readonly name: string;
    readonly room: string;
    readonly roomHint: string;
    readonly anotherRoom: string;
    readonly token: string;
    readonly tokenHint: string;
    readonly tokenNeeded: string;
    readonly nameNeeded: string;
    readonly join: string;
    readonly joinWithout: string;
    readonly preview: string;
    readonly previewOn: string;
    readonly previewWhy: string;
    readonly opening: string;
    readonly noPicture: string;
    readonly level: string;
    readonly with: Readonly<Record<'camera' | 'microphone', string>>;
    readonly without: Readonly<Record<'camera' | 'microphone', string>>;
    readonly willJoin: Readonly<Record<'both' | 'camera' | 'microphone' | 'none', string>>;
    readonly joinAnyway: string;
  };

  readonly devices: {
    readonly title: string;
    readonly camera: string;
    readonly microphone: string;
    readonly speaker: string;
    readonly unnamed: (kind: 'camera' | 'microphone' | 'speaker', number: number) => string;
    readonly byDefault: string;
    readonly flip: string;
    readonly none: string;
    readonly allowFirst: string;
    readonly fellBack: (kind: 'camera' | 'microphone', lost: string, now: string) => string;
    readonly lost: (kind: 'camera' | 'microphone', lost: string) => string;
    readonly plugged: (label: string) => string;
  };

  /** Why there is no camera, microphone or screen, and what to do. */
  readonly refusal: {
    readonly wanted: Readonly<Record<Wanted, string>>;
    readonly said: Readonly<Record<Exclude<Refusal['why'], 'denied'>, (wanted: string) => string>>;
    readonly denied: Readonly<Record<'site' | 'system', (wanted: string) => string>>;
    readonly allow: Readonly<Record<Browser, string>>;
    readonly openHttps: (address: string) => string;
    readonly again: string;
  };

  readonly states: {
    readonly connecting: string;
    readonly connectingDetail: string;
    readonly lobby: string;
    readonly lobbyDetail: string;
    readonly notStarted: string;
    readonly notStartedDetail: string;
    readonly place: (position: number) => string;
    readonly cancel: string;
    readonly reconnecting: string;
    readonly suspended: string;
    readonly offline: string;
    readonly tryNow: string;
    readonly trying: string;
    readonly alone: string;
    readonly aloneDetail: string;
  };

  readonly invite: {
    readonly link: string;
    readonly copy: string;
    readonly copied: string;
    readonly copyByHand: string;
    readonly share: string;
    readonly shareText: (room: string) => string;
    readonly code: string;
    readonly scan: string;
    readonly title: string;
  };

  readonly call: {
    readonly toolbar: string;
    readonly tiles: string;
    readonly participants: (count: number) => string;
    readonly mute: string;
    readonly unmute: string;
    readonly turnOnMicrophone: string;
    readonly cameraOff: string;
    readonly cameraOn: string;
    readonly share: string;
    readonly stopSharing: string;
    readonly leave: string;
    readonly more: string;
    readonly raiseHand: string;
    readonly lowerHand: string;
    readonly react: string;
    readonly reactWith: (reaction: string, total: number) => string;
    readonly chat: (unread: number) => string;
    readonly people: string;
    readonly details: string;
    readonly settings: string;
    readonly shortcuts: string;
    readonly language: string;
    readonly close: string;
    readonly dismiss: string;
    readonly hear: string;
    readonly hearNow: string;
    readonly mutedTalking: string;
    readonly echo: string;
  };

  readonly reactions: Readonly<Record<ReactionName, string>>;

  readonly tile: {
    readonly you: (name: string) => string;
    readonly screenOf: (name: string) => string;
    /** Under the own screen, small beside the own picture. */
    readonly ownScreen: string;
    readonly muted: string;
    readonly noMicrophone: string;
    readonly speaking: string;
    readonly handUp: string;
    readonly connecting: string;
    readonly away: string;
    readonly unlinked: string;
    readonly unstable: string;
    readonly failed: (name: string) => string;
    readonly cause: Readonly<Record<LinkFailure, string>>;
    readonly relayHint: string;
    readonly retry: string;
    readonly actions: (name: string) => string;
    readonly spotlight: string;
    readonly unspotlight: string;
    readonly fit: string;
    readonly fill: string;
    readonly fullScreen: string;
    readonly pictureInPicture: string;
    readonly move: string;
    readonly remove: string;
    readonly askMute: string;
    readonly yourself: string;
  };

  readonly chat: {
    readonly title: string;
    readonly empty: string;
    readonly placeholder: string;
    readonly message: string;
    readonly send: string;
    readonly sending: string;
    readonly notSent: (why: string) => string;
    readonly retry: string;
    readonly discard: string;
    readonly somebody: string;
    readonly notAllowed: string;
  };

  readonly people: {
    readonly title: string;
    readonly waiting: string;
    readonly hands: string;
    readonly inCall: string;
    readonly admit: (name: string) => string;
    readonly admitShort: string;
    readonly deny: (name: string) => string;
    readonly denyShort: string;
    readonly lower: (name: string) => string;
    readonly lowerShort: string;
    readonly host: string;
    readonly lock: string;
    readonly unlock: string;
    readonly locked: string;
    readonly end: string;
    readonly endSure: string;
  };

  readonly details: {
    readonly title: string;
    readonly signaling: string;
    readonly roundTrip: string;
    readonly loss: string;
    readonly received: string;
    readonly sent: string;
    readonly picture: string;
    readonly screen: string;
    readonly path: string;
    readonly direct: string;
    readonly relayed: string;
    readonly unknown: string;
    readonly copy: string;
    readonly copied: string;
    readonly nobody: string;
  };

  readonly keys: {
    readonly title: string;
    readonly m: string;
    readonly v: string;
    readonly s: string;
    readonly h: string;
    readonly c: string;
    readonly esc: string;
    readonly help: string;
  };

  /** Said aloud, and shown for a while. */
  readonly notes: {
    readonly joined: (name: string) => string;
    readonly left: (name: string) => string;
    readonly wasRemoved: (name: string) => string;
    readonly said: (name: string, text: string) => string;
    readonly knocks: (name: string) => string;
    readonly hand: (name: string) => string;
    readonly screenEnded: string;
    readonly locked: string;
    readonly unlocked: string;
    readonly askedToMute: string;
    readonly askedToUnmute: string;
    readonly notPublished: (why: string) => string;
  };

  readonly after: {
    readonly title: Readonly<Record<Ending, string>>;
    readonly rejoin: string;
    readonly takeOver: string;
    readonly tryAgain: string;
    readonly newToken: string;
    readonly anotherRoom: string;
  };

  /** One sentence for every reason that an error or an end can carry. */
  readonly reasons: Readonly<Record<Reason, string>>;
  /** An error that is none of the SDK's. */
  readonly failed: string;
}
