import type { Cancel, Clock } from '../clock.ts';
import type { Engine, RoomView } from '../engine.ts';
import type { Framing } from '../lane.ts';
import type { RoomKey } from '../room-key.ts';
import { WireRun } from '../wire/wire-run.ts';
import { Gathering } from './gathering.ts';
import type { Session } from './session.ts';

/** Runs of frames that are shared between readers with equal cursors, for the length of one tick. */
export interface PumpTick {
  /** Entries of the room log above `offset`, about `maxBytes` at the most; at least one. */
  logRun(view: RoomView, framing: Framing, offset: number, maxBytes: number): LogRun;
  /** Keyed values above `version`. */
  boardRun(view: RoomView, framing: Framing, version: number): Uint8Array;
  /** LOSSY frames of this tick. */
  lossyRun(key: RoomKey, framing: Framing): Uint8Array | undefined;
  /** Rooms have changed whose readers are not due yet: whoever is flushed before them looks at its rooms all the same. */
  readonly roomsChanged: boolean;
}

interface LogRun {
  readonly bytes: Uint8Array;
  readonly upTo: number;
}

const nobody: readonly Session[] = [];

type LossyFrames = Map<RoomKey, Uint8Array[]>;

/** Longest slice of a round, in milliseconds: what comes in meanwhile waits so long. */
const sliceMs = 5;
/** A tick may be long where thousands of sockets have something at once: those served in it wait no longer than this for their answers. */
const lateMs = 10;

/**
 * Moves what is in the logs to the lanes that can take it: once a tick, each session with something new is flushed in
 * one write. Frames of a room are joined once for each distinct cursor and framing.
 *
 * A tick that brought one signal is the usual one of a node that is not busy: it costs no map and no set.
 */
export class Pump {
  readonly #clock: Clock;
  readonly #engine: Engine;
  /** Sessions with something new, each once: `Session.isDue`. */
  #due: Session[] = [];
  /** Those of the round that is under way; a long one takes several ticks. */
  #round: readonly Session[] = nobody;
  #next = 0;
  readonly #dirtyRooms = new Set<RoomKey>();
  /** Rooms that change in bulk, while they wait. */
  readonly #bulkRooms = new Set<RoomKey>();
  #bulkTimer: Cancel | undefined;
  readonly #followers = new Map<RoomKey, Set<Session>>();
  #lossy: LossyFrames | undefined;
  #lossyOfRound: LossyFrames | undefined;
  /** Since when a slice waits for the end of its tick; undefined: none does. */
  #scheduledAt: number | undefined;
  #hurried = false;
  readonly #gathering = new Gathering();
  /** There was a rest in this tick. */
  #hasRested = false;

  constructor(clock: Clock, engine: Engine) {
    this.#clock = clock;
    this.#engine = engine;
  }

  get rooms(): number {
    return this.#followers.size;
  }

  /** Sessions that read the room. */
  readers(key: RoomKey): number {
    return this.#followers.get(key)?.size ?? 0;
  }

  /** The session has something to write, or to look at: its rooms are looked at, too. */
  markDirty(session: Session): void {
    session.roomsDue = true;
    this.inboxChanged(session);
  }

  /** There is something new in its inbox, and nothing else that is known of. */
  inboxChanged(session: Session): void {
    this.#add(session);
    this.#schedule();
  }

  roomChanged(key: RoomKey): void {
    this.#dirtyRooms.add(key);
    this.#schedule();
  }

  /** The room has something new that may wait under load, for the newest value, or the sum, of what comes meanwhile. */
  bulkChanged(key: RoomKey): void {
    const waitMs = this.#gathering.bulkMs(this.#clock.now());
    if (waitMs === 0) {
      this.roomChanged(key);
      return;
    }
    this.#bulkRooms.add(key);
    this.#bulkTimer ??= this.#clock.after(waitMs, () => {
      this.#bulkTimer = undefined;
      for (const room of this.#bulkRooms) this.roomChanged(room);
      this.#bulkRooms.clear();
    });
  }

  lossy(key: RoomKey, frame: Uint8Array): void {
    this.#lossy ??= new Map();
    const frames = this.#lossy.get(key);
    if (frames === undefined) this.#lossy.set(key, [frame]);
    else frames.push(frame);
    this.bulkChanged(key);
  }

  follow(key: RoomKey, session: Session): void {
    const followers = this.#followers.get(key);
    if (followers === undefined) this.#followers.set(key, new Set([session]));
    else followers.add(session);
  }

  unfollow(key: RoomKey, session: Session): void {
    const followers = this.#followers.get(key);
    followers?.delete(session);
    if (followers?.size === 0) this.#followers.delete(key);
  }

  /** Nothing waits any longer. */
  stop(): void {
    this.#bulkTimer?.();
    this.#bulkTimer = undefined;
    this.#bulkRooms.clear();
  }

  /** A session that waits for its turn stays there until then: it is pumped once a round, whatever happens to it. */
  #add(session: Session): void {
    if (session.isDue) return;
    session.isDue = true;
    this.#due.push(session);
  }

  #schedule(): void {
    const now = this.#clock.now();
    if (this.#scheduledAt === undefined) {
      this.#scheduledAt = now;
      this.#clock.soon(this.#runSoon);
    } else if (now - this.#scheduledAt >= lateMs && !this.#hurried) {
      this.#hurried = true;
      this.#clock.next(() => {
        this.#hurried = false;
        this.#scheduledAt = this.#clock.now();
        this.#run();
      });
    }
  }

  readonly #runSoon = (): void => {
    this.#scheduledAt = undefined;
    this.#run();
  };

  #run(): void {
    const now = this.#clock.now();
    if (this.#round === nobody) this.#beginRound(now);
    const round = this.#round;
    const end = now + sliceMs;
    const tick = new SharedRuns(this.#lossyOfRound, this.#dirtyRooms);
    while (this.#next < round.length) {
      const session = round[this.#next];
      this.#next += 1;
      if (session === undefined) continue;
      session.isDue = false;
      session.pump(tick);
      if (this.#next < round.length && this.#clock.now() >= end) break;
    }
    if (this.#next < round.length) {
      this.#schedule();
      return;
    }
    this.#round = nobody;
    const restMs = this.#gathering.wrote(round.length, now);
    if (this.#due.length > 0 || this.#dirtyRooms.size > 0) this.#schedule();
    else if (restMs > 0 && !this.#hasRested) this.#restAfter(restMs);
    this.#hasRested = false;
  }

  /**
   * Rests at the end of the next tick: transports that write between two ticks (HTTP/2) have written what they were given by
   * then. What came in that tick already is written behind the rest, and not rested for again.
   */
  #restAfter(milliseconds: number): void {
    this.#clock.soon(() => {
      this.#hasRested = this.#scheduledAt !== undefined;
      this.#clock.rest(milliseconds);
    });
  }

  #beginRound(now: number): void {
    if (this.#dirtyRooms.size > 0) {
      for (const key of this.#dirtyRooms) {
        this.#engine.view(key)?.board.settle(now);
        this.#bulkRooms.delete(key);
        for (const session of this.#followers.get(key) ?? []) {
          session.roomsDue = true;
          this.#add(session);
        }
      }
      this.#dirtyRooms.clear();
    }
    this.#round = this.#due;
    this.#due = [];
    this.#next = 0;
    this.#lossyOfRound = this.#lossy;
    this.#lossy = undefined;
  }
}

class SharedRuns implements PumpTick {
  readonly #lossy: LossyFrames | undefined;
  readonly #dirtyRooms: ReadonlySet<RoomKey>;
  #logs: Map<RoomView, Map<string, LogRun>> | undefined;
  #boards: Map<RoomView, Map<string, Uint8Array>> | undefined;
  #lossyRuns: Map<string, Uint8Array> | undefined;

  constructor(lossy: LossyFrames | undefined, dirtyRooms: ReadonlySet<RoomKey>) {
    this.#lossy = lossy;
    this.#dirtyRooms = dirtyRooms;
  }

  get roomsChanged(): boolean {
    return this.#dirtyRooms.size > 0;
  }

  logRun(view: RoomView, framing: Framing, offset: number, maxBytes: number): LogRun {
    this.#logs ??= new Map();
    return memo(runsOf(this.#logs, view), `${framing.name}:${offset}`, () => {
      const run = new WireRun(framing);
      let upTo = offset;
      while (upTo < view.log.hi && run.size < maxBytes) {
        const entry = view.log.at(upTo + 1);
        if (entry === undefined) break;
        run.add(0, 0, entry.frame);
        upTo += 1;
      }
      return { bytes: run.join(), upTo };
    });
  }

  boardRun(view: RoomView, framing: Framing, version: number): Uint8Array {
    this.#boards ??= new Map();
    return memo(runsOf(this.#boards, view), `${framing.name}:${version}`, () => {
      const run = new WireRun(framing);
      for (const { frame } of view.board.since(version)) run.add(0, 0, frame);
      return run.join();
    });
  }

  lossyRun(key: RoomKey, framing: Framing): Uint8Array | undefined {
    const frames = this.#lossy?.get(key);
    if (frames === undefined) return undefined;
    this.#lossyRuns ??= new Map();
    return memo(this.#lossyRuns, `${framing.name}:${key}`, () => {
      const run = new WireRun(framing);
      for (const frame of frames) run.add(0, 0, frame);
      return run.join();
    });
  }
}

function runsOf<Run>(runs: Map<RoomView, Map<string, Run>>, view: RoomView): Map<string, Run> {
  return memo(runs, view, () => new Map<string, Run>());
}

function memo<Key, Value>(values: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = values.get(key);
  if (known !== undefined) return known;
  const made = make();
  values.set(key, made);
  return made;
}
