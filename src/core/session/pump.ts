import type { Clock } from '../clock.ts';
import type { Engine, RoomView } from '../engine.ts';
import type { Framing } from '../lane.ts';
import type { RoomKey } from '../room-key.ts';
import { WireRun } from '../wire/wire-run.ts';
import type { Session } from './session.ts';

/** Runs of frames that are shared between readers with equal cursors, for the length of one tick. */
export interface PumpTick {
  /** Entries of the room log above `offset`, about `maxBytes` at the most; at least one. */
  logRun(view: RoomView, framing: Framing, offset: number, maxBytes: number): LogRun;
  /** Keyed values above `version`. */
  boardRun(view: RoomView, framing: Framing, version: number): Uint8Array;
  /** LOSSY frames of this tick. */
  lossyRun(key: RoomKey, framing: Framing): Uint8Array | undefined;
}

interface LogRun {
  readonly bytes: Uint8Array;
  readonly upTo: number;
}

/** Longest slice of a round, in milliseconds: what comes in meanwhile waits so long. */
const sliceMs = 5;
/** A tick may be long where thousands of sockets have something at once: those served in it wait no longer than this for their answers. */
const lateMs = 10;

/** Sessions with something new, on their way to be flushed; a long round takes several ticks. */
interface Round {
  readonly sessions: readonly Session[];
  readonly lossy: ReadonlyMap<RoomKey, readonly Uint8Array[]>;
  next: number;
}

const emptyRound: Round = { sessions: [], lossy: new Map(), next: 0 };

/**
 * Moves what is in the logs to the lanes that can take it: once a tick, each session with something new is flushed in
 * one write. Frames of a room are joined once for each distinct cursor and framing.
 */
export class Pump {
  readonly #clock: Clock;
  readonly #engine: Engine;
  #round: Round = emptyRound;
  readonly #dirty = new Set<Session>();
  readonly #dirtyRooms = new Set<RoomKey>();
  readonly #followers = new Map<RoomKey, Set<Session>>();
  #lossy = new Map<RoomKey, Uint8Array[]>();
  /** Since when a slice waits for the end of its tick; undefined: none does. */
  #scheduledAt: number | undefined;
  #hurried = false;

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

  markDirty(session: Session): void {
    this.#dirty.add(session);
    this.#schedule();
  }

  roomChanged(key: RoomKey): void {
    this.#dirtyRooms.add(key);
    this.#schedule();
  }

  lossy(key: RoomKey, frame: Uint8Array): void {
    const frames = this.#lossy.get(key);
    if (frames === undefined) this.#lossy.set(key, [frame]);
    else frames.push(frame);
    this.roomChanged(key);
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

  forget(session: Session): void {
    this.#dirty.delete(session);
  }

  #schedule(): void {
    const now = this.#clock.now();
    if (this.#scheduledAt === undefined) {
      this.#scheduledAt = now;
      this.#clock.soon(() => {
        this.#scheduledAt = undefined;
        this.#run();
      });
    } else if (now - this.#scheduledAt >= lateMs && !this.#hurried) {
      this.#hurried = true;
      this.#clock.next(() => {
        this.#hurried = false;
        this.#scheduledAt = this.#clock.now();
        this.#run();
      });
    }
  }

  #run(): void {
    const now = this.#clock.now();
    if (this.#round.next >= this.#round.sessions.length) this.#beginRound(now);
    const { sessions, lossy } = this.#round;
    const end = now + sliceMs;
    const tick = new SharedRuns(lossy);
    while (this.#round.next < sessions.length) {
      const session = sessions[this.#round.next];
      this.#round.next += 1;
      session?.pump(tick);
      if (this.#clock.now() >= end) break;
    }
    if (this.#round.next < sessions.length || this.#dirty.size > 0 || this.#dirtyRooms.size > 0) {
      this.#schedule();
    } else this.#round = emptyRound;
  }

  #beginRound(now: number): void {
    for (const key of this.#dirtyRooms) {
      this.#engine.view(key)?.board.settle(now);
      for (const session of this.#followers.get(key) ?? []) this.#dirty.add(session);
    }
    this.#dirtyRooms.clear();
    this.#round = { sessions: [...this.#dirty], lossy: this.#lossy, next: 0 };
    this.#dirty.clear();
    this.#lossy = new Map();
  }
}

class SharedRuns implements PumpTick {
  readonly #lossy: ReadonlyMap<RoomKey, readonly Uint8Array[]>;
  readonly #logs = new Map<RoomView, Map<string, LogRun>>();
  readonly #boards = new Map<RoomView, Map<string, Uint8Array>>();
  readonly #lossyRuns = new Map<string, Uint8Array>();

  constructor(lossy: ReadonlyMap<RoomKey, readonly Uint8Array[]>) {
    this.#lossy = lossy;
  }

  logRun(view: RoomView, framing: Framing, offset: number, maxBytes: number): LogRun {
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
    return memo(runsOf(this.#boards, view), `${framing.name}:${version}`, () => {
      const run = new WireRun(framing);
      for (const { frame } of view.board.since(version)) run.add(0, 0, frame);
      return run.join();
    });
  }

  lossyRun(key: RoomKey, framing: Framing): Uint8Array | undefined {
    const frames = this.#lossy.get(key);
    if (frames === undefined) return undefined;
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
