import { create } from '@bufbuild/protobuf';
import { PingSchema, PongSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { type Resume, ResyncSchema } from '../../../gen/signalbox/v1/session_pb.ts';
import type { Cancel } from '../clock.ts';
import { endingOf, type Refusal } from '../refusal.ts';
import { encodeBody, encodeFrameError } from '../server-frame.ts';
import { WireRun } from '../wire/wire-run.ts';
import type { Membership } from './membership.ts';
import type { PumpTick } from './pump.ts';
import type { Session } from './session.ts';

const nothing = new Uint8Array(0);

/** Shortest time between two errors on frames that have no seq, in milliseconds: they stand in no log. */
const unsequencedErrorMs = 1000;

/**
 * The writing side of a session: how far its client has been sent the inbox and the rooms, and the few things that are
 * made anew for a connection, one slot each. It holds no queue: what cannot be written stays in the logs.
 */
export class Outgoing {
  readonly #session: Session;
  /** seq of the newest inbox frame that was written. */
  #sent = 0;
  #ackTold = 0;
  #ackNow = false;
  #ackTimer: Cancel | undefined;
  #writable = true;
  #ping: number | undefined;
  #pong: number | undefined;
  #resync: Uint8Array | undefined;
  #error: Uint8Array | undefined;
  #errorAt = Number.NEGATIVE_INFINITY;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Frames of the client were carried out: it is told with the next frame, or soon, or now. */
  oweAck(now: boolean): void {
    const { host, done } = this.#session;
    if (now || done - this.#ackTold >= host.limits.ackFrames) {
      this.#ackNow = true;
      host.markDirty(this.#session);
      return;
    }
    this.#ackTimer ??= host.clock.after(host.limits.ackDelayMs, () => {
      this.#ackTimer = undefined;
      if (this.#ackTold < this.#session.done) this.oweAck(true);
    });
  }

  /** The client learned of `ack` otherwise: in the answer of SendFrames. */
  ackTold(ack: number): void {
    this.#ackTold = Math.max(this.#ackTold, ack);
  }

  ping(id: number): void {
    this.#ping = id;
    this.#session.host.markDirty(this.#session);
  }

  pong(id: number): void {
    this.#pong = id;
    this.#session.host.markDirty(this.#session);
  }

  /** A frame without seq was refused: told at most once a second, as it stands in no log. */
  tellUnsequenced(refusal: Refusal): void {
    const now = this.#session.host.clock.now();
    if (now - this.#errorAt < unsequencedErrorMs) return;
    this.#errorAt = now;
    this.#error = encodeFrameError(0, refusal);
    this.#session.host.markDirty(this.#session);
  }

  /** The transport can be written again. */
  drained(): void {
    this.#writable = true;
    this.#session.host.markDirty(this.#session);
  }

  /** No connection: what was owed to it is forgotten. */
  pause(): void {
    this.#ackTimer?.();
    this.#ackTimer = undefined;
    this.#ping = undefined;
    this.#pong = undefined;
    this.#error = undefined;
    this.#resync = undefined;
    this.#writable = true;
  }

  /** A client came back: go on from where it says that it stands. */
  rewind(resume: Resume): void {
    const { engine } = this.#session.host;
    this.pause();
    this.#ackTold = 0;
    this.#ackNow = true;
    const inbox = engine.inbox(this.#session.id);
    if (inbox !== undefined) {
      const known = resume.epoch === inbox.epoch && resume.receivedSeq <= inbox.hi;
      this.#sent = known ? Math.max(resume.receivedSeq, inbox.lo) : inbox.lo;
      if (known) this.#session.acknowledge(resume.receivedSeq);
      else this.#resync = encodeResync(inbox.epoch, this.#sent + 1);
    }
    const positions = new Map(resume.rooms.map((position) => [position.room, position]));
    for (const membership of this.#session.rooms.values()) {
      const { view, cursor } = membership;
      const at = positions.get(view.name);
      const sameRoster = cursor.kind === 'at' && cursor.generation === view.generation;
      const known =
        at !== undefined &&
        at.epoch === view.epoch &&
        at.offset <= view.log.hi &&
        at.version <= view.board.version;
      membership.cursor =
        known && sameRoster
          ? { kind: 'at', generation: view.generation, offset: at.offset, version: at.version }
          : { kind: 'none', history: 0, since: known ? at.offset : undefined };
    }
  }

  /** Writes what the client has not been sent, as far as its transport takes it. */
  flush(tick: PumpTick): void {
    const { state, host, done, id } = this.#session;
    if (state.kind !== 'attached' || !this.#writable) return;
    const { lane } = state.connection;
    const run = new WireRun(lane.framing);
    this.#addSlots(run);
    for (const membership of this.#session.rooms.values()) this.#addRoom(run, membership, tick);
    const inbox = host.engine.inbox(id);
    let ack = this.#ackTold < done ? done : 0;
    if (inbox !== undefined) {
      while (this.#sent < inbox.hi && run.size < host.limits.gatherBytes) {
        const entry = inbox.at(this.#sent + 1);
        if (entry === undefined) break;
        this.#sent += 1;
        run.add(this.#sent, ack, entry.body);
        ack = this.#told(ack);
      }
      if (this.#sent < inbox.hi) host.markDirty(this.#session);
      if (inbox.hi - inbox.lo > 2 * host.limits.inboxFrames) {
        const detail = 'the client does not acknowledge the frames of its inbox';
        state.connection.end(endingOf(Reason.SLOW_CONSUMER, detail));
        return;
      }
    }
    if (ack > 0 && (this.#ackNow || run.size > 0)) {
      run.add(0, ack, nothing);
      this.#told(ack);
    }
    if (run.size > 0 && !lane.write(run.join())) this.#writable = false;
  }

  #told(ack: number): 0 {
    if (ack > 0) {
      this.#ackTold = ack;
      this.#ackNow = false;
      this.#ackTimer?.();
      this.#ackTimer = undefined;
    }
    return 0;
  }

  #addSlots(run: WireRun): void {
    if (this.#resync !== undefined) run.add(0, 0, this.#resync);
    if (this.#error !== undefined) run.add(0, 0, this.#error);
    if (this.#pong !== undefined) {
      run.add(0, 0, encodeBody({ case: 'pong', value: create(PongSchema, { id: this.#pong }) }));
    }
    if (this.#ping !== undefined) {
      run.add(0, 0, encodeBody({ case: 'ping', value: create(PingSchema, { id: this.#ping }) }));
    }
    this.#resync = undefined;
    this.#error = undefined;
    this.#pong = undefined;
    this.#ping = undefined;
  }

  #addRoom(run: WireRun, membership: Membership, tick: PumpTick): void {
    const { view, self } = membership;
    const { limits } = this.#session.host;
    if (self === undefined) return;
    if (run.size >= limits.gatherBytes) {
      this.#session.host.markDirty(this.#session);
      return;
    }
    const before = membership.cursor;
    const behind =
      before.kind === 'at' &&
      (before.generation !== view.generation ||
        before.offset < view.log.lo ||
        before.version < view.board.floor);
    if (before.kind === 'none' || behind) {
      const { history, since } = before.kind === 'none' ? before : { history: 0, since: before.offset };
      for (const frame of view.snapshot(self, history, since)) run.add(0, 0, frame);
      membership.cursor = {
        kind: 'at',
        generation: view.generation,
        offset: view.log.hi,
        version: view.board.version,
      };
      return;
    }
    const { framing } = run;
    let { offset, version } = before;
    if (offset < view.log.hi) {
      const shared = tick.logRun(view, framing, offset, limits.gatherBytes);
      run.addWired(shared.bytes);
      offset = shared.upTo;
      if (offset < view.log.hi) this.#session.host.markDirty(this.#session);
    }
    if (version < view.board.version) {
      run.addWired(tick.boardRun(view, framing, version));
      version = view.board.version;
    }
    if (offset !== before.offset || version !== before.version) {
      membership.cursor = { kind: 'at', generation: before.generation, offset, version };
    }
    const lossy = tick.lossyRun(membership.key, framing);
    if (lossy !== undefined) run.addWired(lossy);
  }
}

function encodeResync(epoch: string, nextSeq: number): Uint8Array {
  const value = create(ResyncSchema, { reason: Reason.EPOCH_LOST, epoch, nextSeq });
  return encodeBody({ case: 'resync', value });
}
