import { create } from '@bufbuild/protobuf';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { type Resume, ResyncSchema } from '../../../gen/signalbox/v1/session_pb.ts';
import type { InboxView } from '../engine.ts';
import type { Lane } from '../lane.ts';
import type { Refusal } from '../refusal.ts';
import type { Member } from '../room/member.ts';
import { frameError } from '../server-frame.ts';
import { WireRun } from '../wire/wire-run.ts';
import type { AckDebtor } from './ack-sweep.ts';
import { leftOfLostRooms } from './lost-rooms.ts';
import type { Membership } from './membership.ts';
import type { PumpTick } from './pump.ts';
import type { Session } from './session.ts';
import { type SlotBody, Slots } from './slots.ts';

const nothing = new Uint8Array(0);

/** Shortest time between two errors on frames that have no seq, in milliseconds: they stand in no log. */
const unsequencedErrorMs = 1000;

/**
 * The writing side of a session: how far its client has been sent the inbox and the rooms, and the few things that are
 * made anew for a connection, one slot each. It holds no queue: what cannot be written stays in the logs.
 */
export class Outgoing implements AckDebtor {
  readonly #session: Session;
  #sent = 0;
  #ackTold = 0;
  #ackToldBytes = 0;
  #ackNow = false;
  /** The turn of the sweep in which an acknowledgement began to be owed. */
  #ackOwedSince: number | undefined;
  #isInSweep = false;
  #blockedSince: number | undefined;
  readonly #slots = new Slots();
  /** Left of rooms that the client took itself to be in, for the next flush. */
  #lefts: readonly Uint8Array[] = [];
  #errorAt = Number.NEGATIVE_INFINITY;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Frames of the client were carried out: it is told with the next frame, or soon, or now. */
  oweAck(now: boolean): void {
    const { host, incoming } = this.#session;
    const isMuch =
      incoming.done - this.#ackTold >= host.limits.ackFrames ||
      incoming.doneBytes - this.#ackToldBytes >= host.limits.ackBytes;
    if (now || isMuch) {
      this.#ackNow = true;
      host.markDirty(this.#session);
      return;
    }
    this.#ackOwedSince ??= host.acks.turn;
    if (this.#isInSweep) return;
    this.#isInSweep = true;
    host.acks.add(this);
  }

  settleAck(turn: number): boolean {
    const since = this.#ackTold < this.#session.incoming.done ? this.#ackOwedSince : undefined;
    this.#isInSweep = since !== undefined && turn - since < 2;
    if (since !== undefined && !this.#isInSweep) this.oweAck(true);
    return this.#isInSweep;
  }

  /** Since when the transport has taken nothing of what was written, as `AwakeTime` counts; undefined: it takes more. */
  get blockedSince(): number | undefined {
    return this.#blockedSince;
  }

  /** seq of the newest inbox frame that was written. */
  get sent(): number {
    return this.#sent;
  }

  /** The client learned of `ack` otherwise: in the answer of SendFrames. */
  ackTold(ack: number): void {
    this.#ackTold = Math.max(this.#ackTold, ack);
    this.#ackToldBytes = this.#session.incoming.doneBytes;
  }

  /** Writes a frame that stands in no log with the next flush. A newer one of its kind takes its place. */
  tell(body: SlotBody): void {
    this.#slots.set(body);
    this.#session.host.markDirty(this.#session);
  }

  /** The frame that a connection begins with, written with the first flush: in one write with what a Join in the same flight brings. */
  welcome(frame: Uint8Array): void {
    this.#slots.put('welcome', frame);
  }

  /** The connection has not been written its Welcome yet. */
  get owesWelcome(): boolean {
    return this.#slots.has('welcome');
  }

  /** The Welcome that was not written yet: a connection that ends before its first flush begins with it all the same. */
  takeWelcome(): Uint8Array | undefined {
    return this.#slots.take('welcome');
  }

  /** A frame without seq was refused: told at most once a second, as it stands in no log. */
  tellUnsequenced(refusal: Refusal): void {
    const now = this.#session.host.clock.now();
    if (now - this.#errorAt < unsequencedErrorMs) return;
    this.#errorAt = now;
    this.tell({ case: 'error', value: frameError(0, refusal) });
  }

  /** The transport can be written again. */
  drained(): void {
    this.#blockedSince = undefined;
    this.#session.host.markDirty(this.#session);
  }

  /** No connection: what was owed to it is forgotten. */
  pause(): void {
    this.#ackOwedSince = undefined;
    this.#slots.clear();
    this.#lefts = [];
    this.#blockedSince = undefined;
  }

  /** A client came back: go on from where it says that it stands. */
  rewind(resume: Resume): void {
    const { engine } = this.#session.host;
    this.pause();
    this.#ackTold = 0;
    this.#ackNow = true;
    const inbox = engine.inbox(this.#session.id);
    if (inbox === undefined) return;
    const { epoch, receivedSeq } = resume;
    const known = epoch === inbox.epoch && receivedSeq >= inbox.lo && receivedSeq <= inbox.hi;
    this.#sent = known ? receivedSeq : inbox.lo;
    if (known) this.#session.acknowledge(receivedSeq);
    else this.#slots.set(resync(inbox.epoch, this.#sent + 1));
    const positions = new Map(resume.rooms.map((position) => [position.room, position]));
    for (const membership of this.#session.rooms.values()) {
      membership.rewind(positions.get(membership.name), known ? receivedSeq : undefined);
    }
    if (!known) this.#lefts = leftOfLostRooms(this.#session, resume.rooms);
  }

  /**
   * Writes what the client has not been sent, as far as its transport takes it. Rooms come before the inbox: a signal never
   * comes before its sender's join, which may stand on the last page of a large roster. Joined of a new membership comes in its
   * place among the frames of the inbox. An acknowledgement comes when nothing of the inbox is left, as the refusals that
   * belong to it stand there.
   */
  flush(tick: PumpTick, inbox: InboxView | undefined): void {
    const { state, host, rooms } = this.#session;
    if (state.kind !== 'attached' || this.#blockedSince !== undefined) return;
    const { lane } = state.connection;
    const run = new WireRun(lane.framing);
    this.#slots.drainTo(run);
    for (const left of this.#lefts) run.add(0, 0, left);
    this.#lefts = [];
    let early = 0;
    if (this.#session.roomsDue || tick.roomsChanged) {
      this.#session.roomsDue = false;
      for (const membership of rooms.values()) {
        if (this.#mayRead(membership)) this.#addRoom(run, membership, tick);
        else early += 1;
      }
    }
    const hi = inbox?.hi ?? 0;
    // A room that is not all written has filled the run: the inbox waits for it.
    while (this.#sent < hi && run.size < host.limits.gatherBytes) {
      const entry = inbox?.at(this.#sent + 1);
      if (entry === undefined) break;
      this.#sent += 1;
      run.add(this.#sent, this.#sent === hi ? this.#takeAck() : 0, entry.body);
      if (early === 0) continue;
      for (const membership of rooms.values()) {
        if (membership.beganAfter !== this.#sent || membership.cursor.kind !== 'none') continue;
        this.#addRoom(run, membership, tick);
        early -= 1;
      }
    }
    if (this.#sent < hi) host.markDirty(this.#session);
    else if (this.#ackNow || run.size > 0) {
      const ack = this.#takeAck();
      if (ack > 0) run.add(0, ack, nothing);
    }
    if (run.size > 0) this.#write(lane, run);
  }

  #write(lane: Lane, run: WireRun): void {
    const { awake, pool } = this.#session.host;
    const bytes = run.join(lane.isFlushed ? pool : undefined);
    if (!lane.write(bytes)) this.#blockedSince = awake.now();
    if (lane.isFlushed) pool.giveBack(bytes);
  }

  /** What was carried out and not told; 0: nothing. */
  #takeAck(): number {
    const { done, doneBytes } = this.#session.incoming;
    if (!this.#ackNow && this.#ackTold >= done) return 0;
    this.#ackTold = done;
    this.#ackToldBytes = doneBytes;
    this.#ackNow = false;
    this.#ackOwedSince = undefined;
    return done;
  }

  #mayRead({ cursor, beganAfter }: Membership): boolean {
    return cursor.kind !== 'none' || beganAfter <= this.#sent;
  }

  #addRoom(run: WireRun, membership: Membership, tick: PumpTick): void {
    const { view, self } = membership;
    const { limits } = this.#session.host;
    if (self === undefined) return;
    const before = membership.cursor;
    if (run.size >= limits.gatherBytes) {
      this.#session.host.markDirty(this.#session);
      return;
    }
    if (before.kind === 'none') {
      this.#addSnapshot(run, membership, self, before.history, before.since);
      this.#addRoom(run, membership, tick);
      return;
    }
    const isReshown = (offset: number) => offset < view.rosterFloor;
    if (before.kind === 'paging') {
      const { since, version, pages } = before;
      if (isReshown(since)) this.#addSnapshot(run, membership, self, 0, since);
      else {
        const page = pages.next();
        if (page.done) membership.cursor = { kind: 'at', offset: since, version };
        else run.add(0, 0, page.value);
      }
      this.#addRoom(run, membership, tick);
      return;
    }
    if (isReshown(before.offset) || before.offset < view.log.lo || before.version < view.board.floor) {
      this.#addSnapshot(run, membership, self, 0, before.offset);
      this.#addRoom(run, membership, tick);
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
    // Counts beside the log are newer than those in it: they come when it is read.
    if (offset === view.log.hi && version < view.board.version) {
      run.addWired(tick.boardRun(view, framing, version));
      version = view.board.version;
    }
    if (offset !== before.offset || version !== before.version) {
      membership.cursor = { kind: 'at', offset, version };
    }
    const lossy = tick.lossyRun(membership.key, framing);
    if (lossy !== undefined) run.addWired(lossy);
  }

  #addSnapshot(run: WireRun, membership: Membership, self: Member, history: number, since: number): void {
    const { log, board } = membership.view;
    const { joined, pages } = membership.view.snapshot(self, history, since);
    run.add(0, 0, joined);
    membership.cursor = { kind: 'paging', history: 0, since: log.hi, version: board.version, pages };
  }
}

function resync(epoch: string, nextSeq: number): SlotBody {
  return { case: 'resync', value: create(ResyncSchema, { reason: Reason.EPOCH_LOST, epoch, nextSeq }) };
}
