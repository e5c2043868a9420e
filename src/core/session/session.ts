import type { Feature } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Resume } from '../../../gen/signalbox/v1/session_pb.ts';
import type { Cancel } from '../clock.ts';
import { when } from '../eventually.ts';
import type { Grants } from '../grants.ts';
import { type Ending, endingOf, type Refusal } from '../refusal.ts';
import type { Publication } from '../room/publication.ts';
import type { RoomKey } from '../room-key.ts';
import { encodeFrameError } from '../server-frame.ts';
import { scanClientFrame } from '../wire/scan.ts';
import type { Connection } from './connection.ts';
import { handleFrame } from './handle-frame.ts';
import { Liveness } from './liveness.ts';
import { Membership } from './membership.ts';
import { Outgoing } from './outgoing.ts';
import { sendReceipts } from './receipts.ts';
import type { SessionHost } from './session-host.ts';

/**
 * Where a session stands. `attached`: a connection reads and writes for it. `detached`: its connection is lost, its
 * participants are AWAY, and it ends at `dueAt` unless it is resumed. `closed`: it is over.
 */
export type SessionState =
  | { readonly kind: 'attached'; readonly connection: Connection }
  | { readonly kind: 'detached'; readonly dueAt: number; readonly cancel: Cancel }
  | { readonly kind: 'closed' };

export interface SessionIdentity {
  readonly id: string;
  readonly tenant: string;
  readonly identity: string;
  /** Hello.device_id, or the session id. */
  readonly device: string;
  readonly bornAt: number;
  readonly sendKeyHash: string;
  readonly features: readonly Feature[];
}

/** One device's presence on the gateway, which outlives its connections. */
export class Session {
  readonly id: string;
  readonly info: SessionIdentity;
  readonly host: SessionHost;
  readonly rooms = new Map<string, Membership>();
  readonly wills = new Map<RoomKey, Publication>();
  readonly outgoing: Outgoing;
  readonly liveness: Liveness;
  grants: Grants;
  attempt = 1;
  /** How many joins were made: participant ids are never used twice. */
  joins = 0;
  /** Resume window asked for by a suspended client, in milliseconds. */
  holdMs: number | undefined;
  readonly #leaves = new Map<RoomKey, Cancel>();
  #state: SessionState = { kind: 'closed' };
  /** seq of the next frame; undefined after a resume: the first frame tells. */
  #expected: number | undefined = 1;
  /** A frame is being carried out: none is taken until it is done. */
  #busy = false;
  /** Refusals, for a SendFrames call that wants them in its answer. */
  #collect: ((seq: number, refusal: Refusal) => void) | undefined;
  #onIdle: (() => void) | undefined;

  constructor(host: SessionHost, info: SessionIdentity, grants: Grants) {
    this.host = host;
    this.id = info.id;
    this.info = info;
    this.grants = grants;
    this.outgoing = new Outgoing(this);
    this.liveness = new Liveness(this);
  }

  /** Every frame up to this seq was carried out or refused. */
  #done = 0;
  /** How the last frame failed the connection. */
  #failure: Ending | undefined;

  get state(): SessionState {
    return this.#state;
  }

  /** Every frame up to this seq was carried out or refused. */
  get done(): number {
    return this.#done;
  }

  /** Takes the session for `connection`. An older connection is told that it was replaced. */
  attach(connection: Connection, attempt: number, resume: Resume | undefined): void {
    const before = this.#state;
    if (before.kind === 'detached') before.cancel();
    this.attempt = attempt;
    this.holdMs = undefined;
    this.#state = { kind: 'attached', connection };
    if (before.kind === 'attached' && before.connection !== connection) {
      before.connection.end(endingOf(Reason.REPLACED, 'the session was taken over by a newer connection'));
    }
    if (resume !== undefined) {
      this.#expected = undefined;
      for (const cancel of this.#leaves.values()) cancel();
      this.#leaves.clear();
      this.syncMemberships();
      this.outgoing.rewind(resume);
      this.#announce(State.ACTIVE);
    }
    this.liveness.heard();
    this.host.markDirty(this);
  }

  /** The connection is lost. Peers see AWAY; the session goes on until its window ends. */
  detach(connection: Connection): void {
    if (this.#state.kind !== 'attached' || this.#state.connection !== connection) return;
    const { clock, limits, engine } = this.host;
    const window = this.holdMs ?? limits.resumeWindowMs;
    const dueAt = clock.now() + window;
    const cancel = clock.after(window, () => this.close(Reason.LEASE_EXPIRED));
    this.#state = { kind: 'detached', dueAt, cancel };
    this.outgoing.pause();
    void engine.detachSession(this.id, this.attempt, dueAt);
    if (this.holdMs === undefined) this.#announce(State.AWAY);
  }

  /** Ends the session: wills are sent, rooms are left. */
  close(reason: Reason, ending?: Ending): void {
    const before = this.#state;
    if (before.kind === 'closed') return;
    if (before.kind === 'detached') before.cancel();
    this.#state = { kind: 'closed' };
    const { engine } = this.host;
    for (const cancel of this.#leaves.values()) cancel();
    this.#leaves.clear();
    for (const key of [...engine.memberships(this.id).keys()]) {
      const will = this.wills.get(key);
      const said =
        will !== undefined && reason === Reason.LEASE_EXPIRED ? engine.publish(key, will) : undefined;
      void when(said, () => engine.leave(key, this.id, { reason }));
    }
    for (const membership of this.rooms.values()) this.host.unfollow(membership.key, this);
    this.rooms.clear();
    if (before.kind === 'attached' && ending !== undefined) before.connection.end(ending);
    void engine.endSession(this.id);
    this.host.forget(this);
  }

  /**
   * Takes one ClientFrame. False: it is being carried out, or the lane was ended; take no further ones until told.
   */
  receive(bytes: Uint8Array): boolean {
    const { scan, limits } = this.host;
    this.liveness.heard();
    const fault = scanClientFrame(bytes, scan);
    if (fault !== undefined) return this.fail(endingOf(fault.reason, fault.detail));
    if (scan.ack > 0) this.acknowledge(scan.ack);
    const { seq } = scan;
    if (seq > 0) {
      this.#expected ??= seq;
      if (seq < this.#expected) {
        this.outgoing.oweAck(true);
        return true;
      }
      if (seq > this.#expected) {
        const detail = `frame ${seq} came where ${this.#expected} was expected; send again from there`;
        return this.fail(endingOf(Reason.OUT_OF_ORDER, detail));
      }
      this.#expected = seq + 1;
    }
    if (bytes.length > limits.frameBytes) {
      const detail = `the frame has ${bytes.length} bytes; at most ${limits.frameBytes}`;
      this.#settle(seq, { reason: Reason.TOO_LARGE, detail });
      return true;
    }
    const outcome = handleFrame(this, bytes, scan);
    if (!(outcome instanceof Promise)) {
      this.#settle(seq, outcome);
      return this.#state.kind !== 'closed';
    }
    this.#busy = true;
    outcome.then(
      (refusal) => this.#resume(seq, refusal),
      (error: unknown) => {
        this.host.log.error({ err: error, session: this.id, seq }, 'a frame could not be carried out');
        this.#resume(seq, { reason: Reason.INTERNAL, detail: 'the gateway could not carry this out' });
      },
    );
    return false;
  }

  /** The client has processed frames of its inbox up to `seq`. */
  acknowledge(seq: number): void {
    const inbox = this.host.engine.inbox(this.id);
    if (inbox === undefined || seq <= inbox.lo) return;
    const flagged = this.host.engine.acknowledge(this.id, Math.min(seq, inbox.hi));
    if (flagged.length > 0) sendReceipts(this.host.engine, flagged, Reason.UNSPECIFIED);
  }

  /**
   * Takes a batch of SendFrames: calls `done` when all of it was carried out, or the session failed. `refused` is
   * called for each refusal on the way.
   */
  receiveBatch(
    frames: readonly Uint8Array[],
    refused: (seq: number, refusal: Refusal) => void,
    done: (failure: Ending | undefined) => void,
  ): void {
    let next = 0;
    const go = (): void => {
      if (this.#busy) {
        const earlier = this.#onIdle;
        this.#onIdle = () => {
          earlier?.();
          go();
        };
        return;
      }
      this.#collect = refused;
      while (next < frames.length) {
        const frame = frames[next];
        next += 1;
        if (frame === undefined) continue;
        this.#failure = undefined;
        if (this.receive(frame)) continue;
        if (this.#failure !== undefined) {
          this.#collect = undefined;
          done(this.#failure);
          return;
        }
        this.#onIdle = go;
        return;
      }
      this.#collect = undefined;
      done(undefined);
    };
    go();
  }

  /** The client broke the protocol: its connection ends, the session stays. */
  fail(ending: Ending): false {
    this.#failure = ending;
    if (this.#state.kind === 'attached') this.#state.connection.end(ending);
    return false;
  }

  /** Leaves after `graceMs`, unless the session is resumed before. */
  leaveLater(key: RoomKey, graceMs: number): void {
    const { clock, engine } = this.host;
    this.#leaves.get(key)?.();
    const leave = () => {
      this.#leaves.delete(key);
      void engine.leave(key, this.id, { reason: Reason.LEFT });
    };
    this.#leaves.set(key, clock.after(graceMs, leave));
  }

  /** Follows the rooms that the engine says the session is in, and no others. */
  syncMemberships(): void {
    const { engine } = this.host;
    const memberships = engine.memberships(this.id);
    for (const [name, membership] of this.rooms) {
      if (memberships.get(membership.key) === membership.participant && membership.self !== undefined)
        continue;
      this.rooms.delete(name);
      this.host.unfollow(membership.key, this);
    }
    for (const [key, participant] of memberships) {
      const view = engine.view(key);
      if (view === undefined || this.rooms.has(view.name) || view.members.get(participant) === undefined)
        continue;
      this.rooms.set(view.name, new Membership(key, view, participant));
      this.host.follow(key, this);
    }
    this.host.markDirty(this);
  }

  #resume(seq: number, refusal: Refusal | undefined): void {
    this.#busy = false;
    this.#settle(seq, refusal);
    const idle = this.#onIdle;
    this.#onIdle = undefined;
    if (idle !== undefined) idle();
    else if (this.#state.kind === 'attached') this.#state.connection.goOn();
  }

  #settle(seq: number, refusal: Refusal | undefined): void {
    if (this.#state.kind === 'closed') return;
    if (refusal !== undefined) {
      this.#collect?.(seq, refusal);
      if (seq > 0) void this.host.engine.appendOwn(this.id, encodeFrameError(seq, refusal));
      else this.outgoing.tellUnsequenced(refusal);
    }
    if (seq === 0) return;
    this.#done = seq;
    this.outgoing.oweAck(refusal !== undefined);
  }

  #announce(state: State): void {
    const { engine } = this.host;
    for (const key of engine.memberships(this.id).keys())
      void engine.setState(key, this.id, this.attempt, state);
  }
}
