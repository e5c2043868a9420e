import type { Feature } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { NextStep, type Resume } from '../../../gen/signalbox/v1/session_pb.ts';
import type { Cancel } from '../clock.ts';
import type { InboxView } from '../engine.ts';
import { all, type Eventually, when } from '../eventually.ts';
import type { Grants } from '../grants.ts';
import { type Ending, endingOf } from '../refusal.ts';
import { type RoomKey, roomNameOf } from '../room-key.ts';
import { SparseMap } from '../sparse-map.ts';
import type { Connection } from './connection.ts';
import { CredentialClock } from './credential-clock.ts';
import { denyMessage } from './handle-message.ts';
import { inBackground } from './in-background.ts';
import { Incoming } from './incoming.ts';
import { Liveness } from './liveness.ts';
import { Membership } from './membership.ts';
import { Outgoing } from './outgoing.ts';
import type { PumpTick } from './pump.ts';
import { sendReceipts, undeliveredBecause } from './receipts.ts';
import { ResumeWindow } from './resume-window.ts';
import { type SavedSession, saveSession } from './save-session.ts';
import type { SessionHost } from './session-host.ts';

/** The engine could not do what must be done: it is asked again so much later, in milliseconds. */
const retryMs = 1000;

/**
 * Where a session stands. `attached`: a connection reads and writes for it. `detached`: its connection is lost, its
 * participants are AWAY, and it ends with its window unless it is resumed. `closed`: it is over.
 */
export type SessionState =
  | { readonly kind: 'attached'; readonly connection: Connection }
  | { readonly kind: 'detached'; readonly window: ResumeWindow }
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
  readonly rooms = new SparseMap<string, Membership>();
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly liveness: Liveness;
  readonly credentials: CredentialClock;
  grants: Grants;
  attempt = 1;
  /** How many joins were made: participant ids are never used twice. */
  joins = 0;
  /** It waits for its turn in the pump; and its rooms have something for it then, or it for them. The pump's. */
  isDue = false;
  roomsDue = false;
  /** Resume window asked for by a suspended client, in milliseconds. */
  holdMs: number | undefined;
  /** What `holdMs` was before the connection that there is. */
  #holdBefore: number | undefined;
  readonly #leaves = new SparseMap<RoomKey, { readonly dueAt: number; readonly cancel: Cancel }>();
  #state: SessionState = { kind: 'closed' };
  #inbox: InboxView | undefined;
  /** Its rooms are being told whether it has a connection; and it has changed since. */
  #tellsPresence = false;
  #owesPresence = false;

  constructor(host: SessionHost, info: SessionIdentity, grants: Grants) {
    this.host = host;
    this.id = info.id;
    this.info = info;
    this.grants = grants;
    this.incoming = new Incoming(this);
    this.outgoing = new Outgoing(this);
    this.liveness = new Liveness(this);
    this.credentials = new CredentialClock(this);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Its inbox, as this node knows it. */
  get inbox(): InboxView | undefined {
    this.#inbox ??= this.host.engine.inbox(this.id);
    return this.#inbox;
  }

  /** Takes the session for `connection`. An older connection is told that it was replaced. */
  attach(connection: Connection, attempt: number, resume: Resume | undefined): void {
    const before = this.#state;
    if (before.kind === 'detached') before.window.cancel();
    this.attempt = attempt;
    this.#holdBefore = this.holdMs;
    this.holdMs = undefined;
    this.#state = { kind: 'attached', connection };
    if (before.kind === 'attached' && before.connection !== connection) {
      before.connection.end(endingOf(Reason.REPLACED, 'the session was taken over by a newer connection'));
    }
    if (resume !== undefined) {
      this.incoming.detached();
      this.#cancelLeaves();
      this.syncMemberships();
      this.outgoing.rewind(resume);
      this.host.announce(this);
    }
    this.liveness.attached();
    this.credentials.attached(resume !== undefined);
    this.host.markDirty(this);
  }

  /** The connection is lost. Peers see AWAY; the session goes on until its window ends. */
  detach(connection: Connection): void {
    if (this.#state.kind !== 'attached' || this.#state.connection !== connection) return;
    // A client that heard no Welcome has what it had before.
    if (this.outgoing.owesWelcome) this.holdMs ??= this.#holdBefore;
    this.wait(this.holdMs ?? this.host.limits.resumeWindowMs);
    this.incoming.detached();
    this.outgoing.pause();
    this.announceAway();
  }

  /** There is no connection: the session ends after `windowMs`, unless it is resumed before. */
  wait(windowMs: number): void {
    const { clock, engine } = this.host;
    const window = new ResumeWindow(this.host, windowMs, () => this.close(Reason.LEASE_EXPIRED));
    this.#state = { kind: 'detached', window };
    inBackground(this.host, 'a session could not be detached', () =>
      engine.detachSession(this.id, this.attempt, clock.now() + windowMs),
    );
  }

  /**
   * Tells its rooms whether it has a connection now: what it had meanwhile, nobody needs to know. Called when its turn comes
   * (`SessionHost.announce`). What is under way at the same time may come in any order: one is told after the other.
   */
  tellPresence(): void {
    const { engine } = this.host;
    this.#owesPresence = this.#tellsPresence;
    if (this.#tellsPresence) return;
    const isHere = this.#state.kind === 'attached';
    if (!isHere && (this.#state.kind === 'closed' || this.holdMs !== undefined)) return;
    const state = isHere ? State.ACTIVE : State.AWAY;
    this.#tellsPresence = true;
    const tell = () =>
      all(
        [...engine.memberships(this.id).keys()].map((key) =>
          engine.setState(key, this.id, this.attempt, state),
        ),
        () => {
          this.#tellsPresence = false;
          if (this.#owesPresence) this.tellPresence();
        },
      );
    inBackground(this.host, 'a room could not be told whether a session is there', tell, () => {
      this.#tellsPresence = false;
      this.host.clock.after(retryMs, () => this.host.announce(this));
    });
  }

  /** Its rooms see that it has no connection. A suspended client comes back without a leave being seen. */
  announceAway(): void {
    if (this.#state.kind === 'detached' && this.holdMs === undefined) this.host.announce(this);
  }

  /**
   * Goes out of this process without a word, for the state file: nothing is taken, acknowledged or written for it any more,
   * and nothing falls due.
   */
  handOver(): SavedSession {
    const before = this.#state;
    const { clock, limits } = this.host;
    const now = clock.now();
    const windowMs =
      before.kind === 'detached' ? before.window.leftMs : (this.holdMs ?? limits.resumeWindowMs);
    const leaves = [...this.#leaves].map(([key, { dueAt }]) => ({
      room: roomNameOf(key),
      remainingMs: dueAt - now,
    }));
    const saved = saveSession(this, windowMs, leaves);
    if (before.kind === 'detached') before.window.cancel();
    this.#cancelLeaves();
    this.#state = { kind: 'closed' };
    this.incoming.close(endingOf(Reason.DRAINING, 'the gateway restarts'));
    this.outgoing.pause();
    return saved;
  }

  /**
   * Ends the session: rooms are left, with the wills of a session that was lost, and those who wait for a receipt of what
   * was not read are told.
   */
  close(reason: Reason, ending = endingOf(reason, 'the session has ended')): void {
    const before = this.#state;
    if (before.kind === 'closed') return;
    if (before.kind === 'detached') before.window.cancel();
    this.#state = { kind: 'closed' };
    const { engine, log } = this.host;
    this.#cancelLeaves();
    const memberships = [...this.rooms.values()];
    const wills = isLoss(reason) ? memberships.map((membership) => this.#publishWill(membership)) : [];
    const leave = () =>
      all([...engine.memberships(this.id).keys()].map((key) => engine.leave(key, this.id, { reason })));
    const left = all(wills, leave);
    for (const { key } of memberships) this.host.unfollow(key, this);
    this.rooms.clear();
    const settled = this.incoming.close();
    this.outgoing.pause();
    if (before.kind === 'attached') before.connection.end(ending);
    this.host.forget(this);
    // A join that was being carried out is left as well.
    const gone = settled === undefined ? left : settled.then(() => left).then(leave);
    const ended = when(gone, () =>
      when(engine.endSession(this.id), (unread) =>
        sendReceipts(this.host, unread, undeliveredBecause(reason)),
      ),
    );
    if (ended instanceof Promise) {
      ended.catch((error: unknown) =>
        log.error({ err: error, session: this.id }, 'a session could not be ended'),
      );
    }
  }

  /** The client has processed frames of its inbox up to `seq`; of what it was not sent it says nothing. */
  acknowledge(seq: number): void {
    const { inbox } = this;
    const processed = Math.min(seq, this.outgoing.sent);
    if (inbox === undefined || processed <= inbox.lo) return;
    const flagged = this.host.engine.acknowledge(this.id, processed);
    if (flagged.length > 0) sendReceipts(this.host, flagged, Reason.UNSPECIFIED);
  }

  /** Ends the connection, where there is one; the session stays. */
  endConnection(ending: Ending): void {
    if (this.#state.kind === 'attached') this.#state.connection.end(ending);
  }

  /** The lane may be read again. */
  resumeLane(): void {
    if (this.#state.kind === 'attached') this.#state.connection.goOn();
  }

  /** Writes what is due. Called by the pump, attached or not: an inbox that nobody acknowledges must not grow for ever. */
  pump(tick: PumpTick): void {
    const { limits, log } = this.host;
    const { inbox } = this;
    const waiting = inbox === undefined ? 0 : inbox.hi - inbox.lo;
    if (inbox && (waiting > 2 * limits.inboxFrames || inbox.bytes > 4 * limits.inboxBytes)) {
      const detail = `${waiting} frames of the inbox are not acknowledged`;
      this.close(Reason.SLOW_CONSUMER, {
        ...endingOf(Reason.SLOW_CONSUMER, detail),
        nextStep: NextStep.RECONNECT,
      });
      return;
    }
    try {
      this.outgoing.flush(tick, inbox);
    } catch (error) {
      log.error({ err: error, session: this.id }, 'frames could not be written');
      this.endConnection(endingOf(Reason.INTERNAL, 'frames could not be written'));
    }
  }

  /** Leaves after `graceMs`, unless the session is resumed, or joins again, before. */
  leaveLater(key: RoomKey, graceMs: number): void {
    const { clock, engine } = this.host;
    this.stay(key);
    const leave = () => {
      this.#leaves.delete(key);
      inBackground(
        this.host,
        'a room could not be left',
        () => engine.leave(key, this.id, { reason: Reason.LEFT }),
        () => this.leaveLater(key, retryMs),
      );
    };
    this.#leaves.set(key, { dueAt: clock.now() + graceMs, cancel: clock.after(graceMs, leave) });
  }

  /** Takes back a leave that has not come to pass. */
  stay(key: RoomKey): void {
    this.#leaves.get(key)?.cancel();
    this.#leaves.delete(key);
  }

  /** Follows the rooms that the engine says the session is in, and no others. */
  syncMemberships(): void {
    if (this.#state.kind === 'closed') return;
    const { engine } = this.host;
    const memberships = engine.memberships(this.id);
    for (const [name, membership] of this.rooms) {
      if (memberships.get(membership.key) === membership.participant && membership.self !== undefined)
        continue;
      this.rooms.delete(name);
      this.host.unfollow(membership.key, this);
    }
    for (const key of this.#leaves.keys()) if (!memberships.has(key)) this.stay(key);
    const { hi = 0 } = engine.inbox(this.id) ?? {};
    for (const [key, participant] of memberships) {
      const view = engine.view(key);
      if (view === undefined || this.rooms.has(view.name) || view.members.get(participant) === undefined)
        continue;
      this.rooms.set(view.name, new Membership(key, view, participant, hi));
      this.host.follow(key, this);
    }
    this.host.markDirty(this);
  }

  #publishWill(membership: Membership): Eventually<unknown> {
    const { will, self } = membership;
    if (will === undefined || self === undefined || denyMessage(will, self) !== undefined) return undefined;
    const origin = membership.messageOrigin(self);
    const sender = { session: this.id, participant: self.id, seq: 0, origin };
    return this.host.engine.publish(membership.key, { ...will, sender });
  }

  #cancelLeaves(): void {
    for (const { cancel } of this.#leaves.values()) cancel();
    this.#leaves.clear();
  }
}

/** The session was lost, by no will of the client or of a moderator. */
function isLoss(reason: Reason): boolean {
  return reason === Reason.LEASE_EXPIRED || reason === Reason.SLOW_CONSUMER;
}
