import { encodeBody, type ServerBody } from '../server-frame.ts';
import type { WireRun } from '../wire/wire-run.ts';

/**
 * The kinds of frames that are made anew for a connection, in the order in which they are written: what a client must know
 * to read on, what it must do soon, and the answers.
 */
const order = [
  'welcome',
  'resync',
  'goAway',
  'tokenExpiring',
  'iceServersUpdate',
  'error',
  'pong',
  'ping',
] as const satisfies readonly ServerBody['case'][];

/** What a slot holds: one of the frames that stand in no log. */
export type SlotBody = Extract<ServerBody, { case: (typeof order)[number] }>;

/**
 * One slot for each kind of frame that stands in no log: a newer one takes the place of an older one that was not written, so
 * that a reader that is slow costs one of each.
 */
export class Slots {
  #frames: Map<SlotBody['case'], Uint8Array> | undefined;

  set(body: SlotBody): void {
    this.put(body.case, encodeBody(body));
  }

  /** As `set`, of a frame that is encoded already. */
  put(kind: SlotBody['case'], frame: Uint8Array): void {
    this.#frames ??= new Map();
    this.#frames.set(kind, frame);
  }

  has(kind: SlotBody['case']): boolean {
    return this.#frames?.has(kind) === true;
  }

  /** Takes out what waits in a slot. */
  take(kind: SlotBody['case']): Uint8Array | undefined {
    const frame = this.#frames?.get(kind);
    this.#frames?.delete(kind);
    return frame;
  }

  /** Writes what is there, and forgets it. */
  drainTo(run: WireRun): void {
    const frames = this.#frames;
    if (frames === undefined) return;
    this.#frames = undefined;
    for (const kind of order) {
      const frame = frames.get(kind);
      if (frame !== undefined) run.add(0, 0, frame);
    }
  }

  /** The connection is gone. */
  clear(): void {
    this.#frames = undefined;
  }
}
