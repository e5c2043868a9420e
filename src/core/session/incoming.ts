import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../../gen/signalbox/v1/session_pb.ts';
import type { Cancel } from '../clock.ts';
import { type Eventually, when } from '../eventually.ts';
import { type Ending, endingOf, type Refusal, refuse } from '../refusal.ts';
import { encodeFrameError } from '../server-frame.ts';
import { type FrameScan, SIGNAL_BODY, scanClientFrame } from '../wire/scan.ts';
import { fanOutOf } from './fan-out.ts';
import { FrameBudget, kindOf } from './frame-budget.ts';
import { handleFrame } from './handle-frame.ts';
import { sendReceipts } from './receipts.ts';
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
 * SendFrames. While one is carried out, and while the session has sent more than it may, nothing is taken: the lane holds
 * what follows, a call waits.
 */
export class Incoming {
  readonly #session: Session;
  readonly #budget: FrameBudget;
  /** seq of the next frame that needs delivery. It goes on over resumes: what comes again is known. */
  #expected = 1;
  #done = 0;
  #doneBytes = 0;
  /** What is being carried out. */
  #pending: Promise<void> | undefined;
  /** Set while the session has to wait; and until when. */
  #throttled: Cancel | undefined;
  #goesOnAt = 0;
  /** When the frame that is taken now came, or was gone on with. */
  #now = 0;
  /** The lane was told to wait. It may have handed over one frame meanwhile, as a call was being carried out. */
  #laneWaits = false;
  #held: Uint8Array | undefined;
  /** The call whose frames are taken, and one that comes after it: an answer that was lost is asked for again. */
  #batch: Batch | undefined;
  #next = 0;
  #batchBeganAt = 0;
  #nextBatch: Batch | undefined;

  constructor(session: Session) {
    this.#session = session;
    this.#budget = new FrameBudget(session.host.limits);
  }

  /** Every frame up to this seq was carried out or refused. */
  get done(): number {
    return this.#done;
  }

  /** Bytes of all frames that came over this session, about. */
  get doneBytes(): number {
    return this.#doneBytes;
  }

  /** Frames are taken: Pongs, too, are read. */
  get isReading(): boolean {
    return this.#isFree;
  }

  /** Takes one ClientFrame of the lane. False: take no further ones until told (`Connection.goOn`). */
  frame(bytes: Uint8Array): boolean {
    if (this.#session.state.kind === 'closed') return false;
    this.#session.liveness.heard();
    this.#now = this.#session.liveness.heardAt;
    if (!this.#isFree || this.#batch !== undefined) {
      this.#laneWaits = true;
      this.#held = bytes.slice();
      return false;
    }
    const taken = this.#take(bytes);
    if (typeof taken === 'object') {
      this.#session.endConnection(taken);
      return false;
    }
    if (!this.#isFree) this.#laneWaits = true;
    return this.#isFree && this.#session.state.kind === 'attached';
  }

  /** Takes the frames of a SendFrames call. */
  batch(batch: Batch): void {
    this.#session.liveness.heard();
    this.#now = this.#session.liveness.heardAt;
    if (this.#batch === undefined && this.#isFree) {
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

  /** The session is over, or not here any longer: calls that wait are told. What is being carried out is over afterwards. */
  close(ending = endingOf(Reason.TOKEN_INVALID, 'the session has ended')): Eventually<void> {
    this.detached();
    this.#throttled?.();
    const batches = [this.#batch, this.#nextBatch];
    this.#batch = undefined;
    this.#nextBatch = undefined;
    for (const batch of batches) batch?.done(ending);
    return this.#pending;
  }

  /** A frame may be taken. */
  get #isFree(): boolean {
    return this.#pending === undefined && this.#throttled === undefined;
  }

  #begin(batch: Batch): void {
    this.#batch = batch;
    this.#next = 0;
    this.#batchBeganAt = this.#now;
  }

  /** Takes what waits: the rest of the call, the next call, the lane's frame, and then the lane. */
  #goOn(): void {
    this.#now = this.#session.host.awake.now();
    while (this.#isFree) {
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
    const failure = typeof taken === 'object' ? taken : this.#tooLate(batch);
    if (failure !== undefined) {
      this.#batch = undefined;
      batch.done(failure);
    } else if (!this.#isFree) {
      // It waits longer than the array is its own.
      this.#batch = { ...batch, frames: batch.frames.slice(this.#next).map((later) => later.slice()) };
      this.#next = 0;
    }
  }

  /** A call that would wait for too long ends at the first frame that cannot be taken now, and is to be made again. */
  #tooLate(batch: Batch): Ending | undefined {
    if (this.#throttled === undefined || this.#next === batch.frames.length) return undefined;
    const { limits } = this.#session.host;
    if (this.#goesOnAt - this.#batchBeganAt <= limits.callWaitMs) return undefined;
    const detail = `the session sends more than it may: it has come to frame ${this.#done}; send the same again`;
    const ending = endingOf(Reason.RATE_LIMITED, detail, this.#goesOnAt - this.#now);
    return { ...ending, nextStep: NextStep.RESUME };
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
        this.#wait(this.#budget.pay('light', bytes.length, this.#now));
        return 'settled';
      }
      if (seq > this.#expected) {
        const detail = `frame ${seq} came where ${this.#expected} was expected; send again from there`;
        return endingOf(Reason.OUT_OF_ORDER, detail);
      }
      this.#expected = seq + 1;
      this.#doneBytes += bytes.length;
    }
    if (bytes.length > limits.frameBytes) {
      const detail = `the frame has ${bytes.length} bytes; at most ${limits.frameBytes}`;
      this.#wait(this.#budget.pay('control', bytes.length, this.#now));
      if (seq > 0 && scan.body === SIGNAL_BODY && scan.signal.wantReceipt) {
        const asked = { sender: this.#session.id, senderSeq: seq };
        sendReceipts(this.#session.host, [asked], Reason.TOO_LARGE);
      }
      return this.#until(this.#settle(seq, { reason: Reason.TOO_LARGE, detail }));
    }
    const paid = this.#pay(bytes, scan);
    if (paid === 'dropped') return this.#until(this.#settle(seq, undefined));
    const outcome = paid ?? this.#carryOut(bytes, scan);
    if (!(outcome instanceof Promise)) return this.#until(this.#settle(seq, outcome));
    const carriedOut = outcome.catch((error: unknown) => {
      log.error({ err: error, session: this.#session.id, seq }, 'a frame could not be carried out');
      return failed;
    });
    return this.#until(carriedOut.then((refusal) => this.#settle(seq, refusal)));
  }

  /** Nothing further is taken until the frame is settled. */
  #until(settled: Eventually<void>): Taken {
    if (!(settled instanceof Promise)) return 'settled';
    this.#pending = settled
      .catch((error: unknown) => {
        const { host, id } = this.#session;
        host.log.error({ err: error, session: id }, 'an Error could not be stored');
        // What was said after it must not be acknowledged, as if it had been carried out.
        this.#session.close(Reason.INTERNAL);
      })
      .then(() => {
        this.#pending = undefined;
        this.#goOn();
      });
    return 'pending';
  }

  /** Lets the session, and its room, pay for a frame. What they owe then, it waits for. */
  #pay(bytes: Uint8Array, scan: FrameScan): Refusal | 'dropped' | undefined {
    const { limits, roomBudgets } = this.#session.host;
    const now = this.#now;
    const kind = kindOf(scan);
    const fanOut = kind === 'signal' || kind === 'light' ? undefined : fanOutOf(this.#session, kind, scan);
    const roomWait = fanOut === undefined ? 0 : roomBudgets.waitMs(fanOut.room, now);
    if (kind === 'lossy' && (roomWait > 0 || !this.#budget.takesLossy(now))) {
      this.#wait(this.#budget.pay('light', bytes.length, now));
      return 'dropped';
    }
    let wait = this.#budget.pay(kind, bytes.length, now);
    let refusal: Refusal | undefined;
    if (roomWait > limits.roomWaitMs && kind === 'message') refusal = roomBusy(scan.message.room, roomWait);
    else if (fanOut !== undefined) wait = Math.max(wait, roomBudgets.pay(fanOut.room, fanOut.readers, now));
    this.#wait(wait);
    return refusal;
  }

  #wait(ms: number): void {
    if (ms === 0) return;
    this.#goesOnAt = this.#now + ms;
    this.#throttled = this.#session.host.clock.after(ms, () => {
      this.#throttled = undefined;
      this.#goOn();
    });
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

  /** A frame is done when it was carried out, or its Error is in the inbox: only then it is acknowledged, or one behind it. */
  #settle(seq: number, refusal: Refusal | undefined): Eventually<void> {
    const { outgoing, host, id, state } = this.#session;
    if (state.kind === 'closed') return;
    if (refusal !== undefined) this.#batch?.refused(seq, refusal);
    if (refusal === undefined || seq === 0) {
      if (refusal !== undefined) outgoing.tellUnsequenced(refusal);
      this.#finish(seq, false);
      return;
    }
    return when(host.engine.appendOwn(id, encodeFrameError(seq, refusal)), () => this.#finish(seq, true));
  }

  #finish(seq: number, refused: boolean): void {
    if (seq === 0 || this.#session.state.kind === 'closed') return;
    this.#done = seq;
    this.#session.outgoing.oweAck(refused);
  }
}

function roomBusy(room: string, retryAfterMs: number): Refusal {
  return refuse(Reason.RATE_LIMITED, 'more is said in this room than can be delivered', {
    room,
    retryAfterMs,
  });
}

const failed: Refusal = { reason: Reason.INTERNAL, detail: 'the gateway could not carry this out' };
