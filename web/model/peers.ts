import type { Participant, PeerMesh, Reason, Room } from '../../src/client/index.ts';
import { onceATurn } from './once-a-turn.ts';
import type { PeerView } from './peer-view.ts';
import { linkOf, viewOf } from './peer-view.ts';
import type { Readable } from './store.ts';
import { Store } from './store.ts';
import { Topic } from './topic.ts';

/** The page, as far as this goes. */
export interface PeersHost {
  /** Milliseconds since 1970. */
  now(): number;
}

/** Somebody went. */
export interface PeerLeft {
  readonly view: PeerView;
  readonly reason: Reason;
}

/**
 * Everybody else: the roster and the mesh as one list, oldest first, under keys that survive a new participant id. Whoever
 * is gone from the roster and connected still is in the call still.
 */
export class Peers {
  /** After the first list. One who comes back under another id is not new. */
  readonly joined = new Topic<PeerView>();
  readonly left = new Topic<PeerLeft>();
  readonly #room: Room;
  readonly #mesh: PeerMesh;
  readonly #host: PeersHost;
  readonly #all: Store<readonly PeerView[]>;
  readonly #stops: (() => void)[];
  /** Keys by participant id, and who had it. */
  readonly #keys = new Map<string, { readonly key: string; readonly identity: string }>();
  /** First seen, by key of a person or a screen. */
  readonly #seen = new Map<string, number>();
  /** Unstable since, by key. */
  readonly #unstable = new Map<string, number>();
  readonly #reasons = new Map<string, Reason>();
  #closed = false;

  constructor(room: Room, mesh: PeerMesh, host: PeersHost = { now: () => Date.now() }) {
    this.#room = room;
    this.#mesh = mesh;
    this.#host = host;
    const later = onceATurn(() => {
      if (!this.#closed) this.#update();
    });
    this.#stops = [
      mesh.on('peer', later),
      mesh.on('peerState', later),
      mesh.on('track', later),
      mesh.on('trackRemoved', later),
      room.on('joined', later),
      room.on('participantChanged', later),
      room.on('resync', later),
      room.session.on('iceServers', later),
      room.on('left', ({ id, reason, participant, replacedBy }) => {
        const key = this.#keys.get(id);
        if (key !== undefined) this.#reasons.set(key.key, reason);
        if (key !== undefined && replacedBy !== '' && key.identity === participant.identity)
          this.#keys.set(replacedBy, key);
        later();
      }),
    ];
    this.#all = new Store<readonly PeerView[]>(this.#look());
  }

  get all(): Readable<readonly PeerView[]> {
    return this.#all;
  }

  /** Tries a connection that failed, now. */
  retry(key: string): void {
    const view = this.#all.value.find((found) => found.key === key);
    if (view !== undefined) this.#mesh.peers.get(view.id)?.reconnect();
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stops) stop();
  }

  #update(): void {
    const before = this.#all.value;
    const now = this.#look();
    this.#all.set(now);
    const had = new Set(before.map(({ key }) => key));
    const has = new Set(now.map(({ key }) => key));
    for (const view of before) {
      if (has.has(view.key)) continue;
      const reason = this.#reasons.get(view.key) ?? 'unspecified';
      this.#forget(view);
      this.left.emit({ view, reason });
    }
    for (const view of now) if (!had.has(view.key)) this.joined.emit(view);
  }

  #look(): readonly PeerView[] {
    const { participants } = this.#room;
    const views = [...participants.values()].map((participant) => this.#view(participant, true));
    const keys = new Set(views.map(({ key }) => key));
    for (const { participant, state } of this.#mesh.peers.values()) {
      if (participants.has(participant.id) || state === 'closed') continue;
      const view = this.#view(participant, false);
      if (!keys.has(view.key)) views.push(view);
    }
    return views.sort((a, b) => a.since - b.since);
  }

  #view(participant: Participant, listed: boolean): PeerView {
    const peer = this.#mesh.peers.get(participant.id);
    const key = this.#key(participant);
    const unstable = peer?.state === 'interrupted';
    if (!unstable) this.#unstable.delete(key);
    else if (!this.#unstable.has(key)) this.#unstable.set(key, this.#host.now());
    const link = linkOf(participant, peer, this.#room.session, this.#unstable.get(key) ?? 0);
    const since = this.#sinceOf(key, participant.joinedAt?.getTime());
    return viewOf({ key, participant, peer, listed, link, since, sinceOf: (id) => this.#sinceOf(id) });
  }

  #key({ id, identity, replaces }: Participant): string {
    const before = this.#keys.get(replaces);
    const followed = before?.identity === identity && !this.#room.participants.has(replaces);
    const key = this.#keys.get(id)?.key ?? (followed ? before.key : id);
    this.#keys.set(id, { key, identity });
    return key;
  }

  #sinceOf(key: string, known = this.#host.now()): number {
    const since = this.#seen.get(key) ?? known;
    this.#seen.set(key, since);
    return since;
  }

  #forget({ key }: PeerView): void {
    this.#seen.delete(key);
    this.#unstable.delete(key);
    this.#reasons.delete(key);
  }
}
