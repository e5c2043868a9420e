import type { Reason, Room, TrackSource } from '../../src/client/index.ts';
import { SignalboxError } from '../../src/client/index.ts';
import { onceATurn } from './once-a-turn.ts';
import type { Readable } from './store.ts';
import { Store } from './store.ts';
import { Topic } from './topic.ts';

/** Somebody who waits to be let in. */
export interface Knock {
  readonly id: string;
  readonly name: string;
  /** What they wrote; may be empty. */
  readonly knock: string;
}

/** A raised hand; the first one first. */
export interface Hand {
  readonly id: string;
  readonly name: string;
  readonly at: Date;
}

export interface HostState {
  /** The own permission to use these tools. */
  readonly moderator: boolean;
  readonly locked: boolean;
  /** Those who join wait for a moderator. */
  readonly lobby: boolean;
  /** In order of arrival. */
  readonly waiting: readonly Knock[];
  /** The own hand. */
  readonly handRaised: boolean;
  /** The own one among them. */
  readonly hands: readonly Hand[];
}

/** A moderator asks this visitor to mute, or to unmute. */
export interface MuteRequest {
  readonly ask: 'mute' | 'unmute';
  /** Empty: everything. */
  readonly sources: readonly TrackSource[];
  /** Name of the moderator; '' for a backend. */
  readonly by: string;
}

/** What the gateway said to an action. */
export type Done = { readonly ok: true } | { readonly ok: false; readonly reason: Reason };

/** What a moderator may do, and hands, which everybody may raise. Actions never reject. */
export class HostTools {
  /** Somebody new waits. */
  readonly knocked = new Topic<Knock>();
  readonly asked = new Topic<MuteRequest>();
  readonly #room: Room;
  readonly #state: Store<HostState>;
  readonly #stops: (() => void)[];
  #closed = false;

  constructor(room: Room) {
    this.#room = room;
    this.#state = new Store(stateOf(room));
    const later = onceATurn(() => {
      if (!this.#closed) this.#update();
    });
    this.#stops = [
      room.on('roomChanged', later),
      room.on('participantChanged', later),
      room.on('joined', later),
      room.on('left', later),
      room.on('lobby', later),
      room.on('resync', later),
      room.on('moderation', ({ action, moderator, trackIds }) => {
        if (action !== 'mute' && action !== 'ask_unmute') return;
        const sources = room.self.tracks
          .filter(({ id }) => trackIds.includes(id))
          .map(({ source }) => source);
        const by = room.participants.get(moderator)?.name ?? '';
        this.asked.emit({ ask: action === 'mute' ? 'mute' : 'unmute', sources, by });
      }),
    ];
  }

  get state(): Readable<HostState> {
    return this.#state;
  }

  /** `id`: of a Knock. */
  admit(id: string): Promise<Done> {
    return done(this.#room.moderate.admit(id));
  }

  deny(id: string): Promise<Done> {
    return done(this.#room.moderate.deny(id));
  }

  /** `id`: of a participant, here and below. */
  remove(id: string): Promise<Done> {
    return done(this.#room.moderate.remove(id));
  }

  lowerHand(id: string): Promise<Done> {
    return id === this.#room.self.id ? this.raiseHand(false) : done(this.#room.moderate.lowerHand(id));
  }

  /** Asks the participant's page to mute its microphone. */
  requestMute(id: string): Promise<Done> {
    const tracks = this.#room.participants.get(id)?.tracks ?? [];
    const microphones = tracks.filter(({ source }) => source === 'microphone').map((track) => track.id);
    if (microphones.length === 0) return Promise.resolve({ ok: true });
    return done(this.#room.moderate.requestMute(id, microphones));
  }

  setLocked(locked: boolean): Promise<Done> {
    return done(locked ? this.#room.moderate.lock() : this.#room.moderate.unlock());
  }

  raiseHand(raised: boolean): Promise<Done> {
    return done(this.#room.update({ handRaised: raised }));
  }

  /** Ends the room for all. */
  end(): Promise<Done> {
    return done(this.#room.moderate.end());
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stops) stop();
  }

  #update(): void {
    const before = new Set(this.#state.value.waiting.map(({ id }) => id));
    this.#state.set(stateOf(this.#room));
    for (const knock of this.#state.value.waiting) if (!before.has(knock.id)) this.knocked.emit(knock);
  }
}

function stateOf({ self, participants, info, lobby }: Room): HostState {
  const hands = [self, ...participants.values()].flatMap(({ id, name, handRaisedAt }) =>
    handRaisedAt === undefined ? [] : [{ id, name, at: handRaisedAt }],
  );
  return {
    moderator: self.permissions.moderate,
    locked: info.locked,
    lobby: info.lobby,
    waiting: [...lobby.values()].map(({ id, participant, knock }) => ({ id, name: participant.name, knock })),
    handRaised: self.handRaisedAt !== undefined,
    hands: hands.sort((a, b) => a.at.getTime() - b.at.getTime()),
  };
}

async function done(action: Promise<void>): Promise<Done> {
  try {
    await action;
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: error instanceof SignalboxError ? error.reason : 'unspecified' };
  }
}
