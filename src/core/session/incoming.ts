import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../../gen/signalbox/v1/session_pb.ts';
import { type Ending, endingOf, type Refusal } from '../refusal.ts';
import { encodeFrameError } from '../server-frame.ts';
import { type FrameScan, scanClientFrame } from '../wire/scan.ts';
import { handleFrame } from './handle-frame.ts';
import type { Session } from './session.ts';

/** A SendFrames call on its way. */
export interface Batch {
  readonly frames: readonly Uint8Array[];
  /** Called for each refusal on the way. */
  readonly refused: (seq: number, refusal: Refusal) => void;
  /** Called once, when all of it was carried out, or the call failed. */
  readonly done: (failure: Ending | undefined) => void;
}

/** What became of a frame: carried out or refused, being carried out, or the end of what brought it. */
type Taken = 'settled' | 'pending' | Ending;

const afterTheOther: Ending = {
  ...endingOf(Reason.OVERLOADED, 'other SendFrames calls of this session are not answered yet', 250),
  nextStep: NextStep.RESUME,
};

/**
 * The reading side of a session: frames in the order of their seq, one at a time, whether they come by the lane or by
 * SendFrames. While one is carried out nothing is taken: the lane holds what follows, a call waits.
 */
export class Incoming {
  readonly #session: Session;
  /** seq of the next frame that needs delivery. It goes on over resumes: what comes again is known. */
  #expected = 1;
  #done = 0;
  #pending = false;
  /** The lane was told to wait. It may have handed over one frame meanwhile, as a call was being carried out. */
  #laneWaits = false;
  #held: Uint8Array | undefined;
  /** The call whose frames are taken, and one that comes after it: an answer that was lost is asked for again. */
  #batch: Batch | undefined;
  #next = 0;
  #nextBatch: Batch | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Every frame up to this seq was carried out or refused. */
  get done(): number {
    return this.#done;
  }

  /** Frames are taken: Pongs, too, are read. */
  get isReading(): boolean {
    return !this.#pending;
  }

  /** Takes one ClientFrame of the lane. False: take no further ones until told (`Connection.goOn`). */
  frame(bytes: Uint8Array): boolean {
    if (this.#session.state.kind === 'closed') return false;
    this.#session.liveness.heard();
    if (this.#pending || this.#batch !== undefined) {
      this.#laneWaits = true;
      this.#held = bytes.slice();
      return false;
    }
    const taken = this.#take(bytes);
    if (taken === 'settled') return this.#session.state.kind === 'attached';
    if (taken === 'pending') this.#laneWaits = true;
    else this.#session.endConnection(taken);
    return false;
  }

  /** Takes the frames of a SendFrames call. */
  batch(batch: Batch): void {
    this.#session.liveness.heard();
    if (this.#batch === undefined && !this.#pending) {
      this.#begin(batch);
      this.#goOn();
    } else if (this.#nextBatch === undefined) {
      // It waits longer than the array is its own.
      this.#nextBatch = { ...batch, frames: batch.frames.map((frame) => frame.slice()) };
    } else batch.done(afterTheOther);
  }

  /** The connection is gone, and with it what it held. */
  detached(): void {
    this.#laneWaits = false;
    this.#held = undefined;
  }

  /** Goes on behind what the process before carried out. */
  restore(done: number): void {
    this.#done = done;
    this.#expected = done + 1;
  }

  /** The session is over, or not here any longer: calls that wait are told. */
  close(ending = endingOf(Reason.TOKEN_INVALID, 'the session has ended')): void {
    this.detached();
    const batches = [this.#batch, this.#nextBatch];
    this.#batch = undefined;
    this.#nextBatch = undefined;
    for (const batch of batches) batch?.done(ending);
  }

  #begin(batch: Batch): void {
    this.#batch = batch;
    this.#next = 0;
  }

  /** Takes what waits: the rest of the call, the next call, the lane's frame, and then the lane. */
  #goOn(): void {
    while (!this.#pending) {
      if (this.#batch !== undefined) this.#takeOfBatch(this.#batch);
      else if (this.#nextBatch !== undefined) {
        this.#begin(this.#nextBatch);
        this.#nextBatch = undefined;
      } else if (this.#held !== undefined) {
        const held = this.#held;
        this.#held = undefined;
        const taken = this.#take(held);
        if (typeof taken === 'object') this.#session.endConnection(taken);
      } else if (this.#laneWaits) {
        this.#laneWaits = false;
        this.#session.resumeLane();
      } else return;
    }
  }

  #takeOfBatch(batch: Batch): void {
    const frame = batch.frames[this.#next];
    if (frame === undefined) {
      this.#batch = undefined;
      batch.done(undefined);
      return;
    }
    this.#next += 1;
    const taken = this.#take(frame);
    if (taken === 'settled') return;
    if (taken === 'pending') {
      // It waits longer than the array is its own.
      const rest = batch.frames.slice(this.#next).map((later) => later.slice());
      this.#begin({ ...batch, frames: rest });
      return;
    }
    this.#batch = undefined;
    batch.done(taken);
  }

  #take(bytes: Uint8Array): Taken {
    const { scan, limits, log } = this.#session.host;
    const fault = scanClientFrame(bytes, scan);
    if (fault !== undefined) return endingOf(fault.reason, fault.detail);
    if (scan.ack > 0) this.#session.acknowledge(scan.ack);
    const { seq } = scan;
    if (seq > 0) {
      if (seq < this.#expected) {
        this.#session.outgoing.oweAck(true);
        return 'settled';
      }
      if (seq > this.#expected) {
        const detail = `frame ${seq} came where ${this.#expected} was expected; send again from there`;
        return endingOf(Reason.OUT_OF_ORDER, detail);
      }
      this.#expected = seq + 1;
    }
    if (bytes.length > limits.frameBytes) {
      const detail = `the frame has ${bytes.length} bytes; at most ${limits.frameBytes}`;
      this.#settle(seq, { reason: Reason.TOO_LARGE, detail });
      return 'settled';
    }
    const outcome = this.#carryOut(bytes, scan);
    if (!(outcome instanceof Promise)) {
      this.#settle(seq, outcome);
      return 'settled';
    }
    this.#pending = true;
    outcome
      .catch((error: unknown) => {
        log.error({ err: error, session: this.#session.id, seq }, 'a frame could not be carried out');
        return failed;
      })
      .then((refusal) => {
        this.#pending = false;
        this.#settle(seq, refusal);
        this.#goOn();
      });
    return 'pending';
  }

  /** A defect of the gateway costs this frame, and nothing else. */
  #carryOut(bytes: Uint8Array, scan: FrameScan): ReturnType<typeof handleFrame> {
    const { seq } = scan;
    try {
      return handleFrame(this.#session, bytes, scan);
    } catch (error) {
      this.#session.host.log.error(
        { err: error, session: this.#session.id, seq },
        'a frame could not be carried out',
      );
      return failed;
    }
  }

  #settle(seq: number, refusal: Refusal | undefined): void {
    if (this.#session.state.kind === 'closed') return;
    const { outgoing, host, id } = this.#session;
    if (refusal !== undefined) {
      this.#batch?.refused(seq, refusal);
      if (seq > 0) void host.engine.appendOwn(id, encodeFrameError(seq, refusal));
      else outgoing.tellUnsequenced(refusal);
    }
    if (seq === 0) return;
    this.#done = seq;
    outgoing.oweAck(refusal !== undefined);
  }
}

const failed: Refusal = { reason: Reason.INTERNAL, detail: 'the gateway could not carry this out' };
