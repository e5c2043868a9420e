import { ClientState_Activity } from '../../gen/signalbox/v1/session_pb.ts';
import { encode } from './codec/encode.ts';
import type { NewHello, Resync, ServerFrame, Welcome } from './codec/messages.ts';
import { durationFrom, timestampMs } from './codec/time.ts';
import type { ConnectionOwner, End } from './connection.ts';
import { Connection } from './connection.ts';
import { Deferred } from './deferred.ts';
import { LiveEmitter } from './emitter.ts';
import type { Environment } from './environment.ts';
import { consoleLogger } from './environment.ts';
import { refusalFromWire } from './frame-error.ts';
import { Handshake } from './handshake.ts';
import { iceServersFromWire } from './ice-servers.ts';
import { Inbox } from './inbox.ts';
import { limitsFromWire } from './limits.ts';
import { LiveRoom } from './live-room.ts';
import type { ConnectOptions, JoinOptions, Logger, TransportName } from './options.ts';
import type { Draft, FrameBody } from './outbox.ts';
import { Outbox, unheard } from './outbox.ts';
import { watchPage } from './page-watch.ts';
import { Pings } from './pings.ts';
import { Receipts } from './receipts.ts';
import type { Room } from './room.ts';
import type { RoomHost } from './room-host.ts';
import { Rooms } from './rooms.ts';
import { Routes } from './routes.ts';
import type { IceServer, Limits, Session, SessionEvents, SessionState } from './session.ts';
import type { Receipt } from './signal.ts';
import { SignalboxError } from './signalbox-error.ts';
import { TokenRenewal } from './token-renewal.ts';
import { TokenSource } from './token-source.ts';
import type { NextStep, Reason } from './vocabulary.ts';
import { reasons } from './vocabulary.ts';

const CONNECT_TIMEOUT_MS = 20_000;
const HOLD_MS = 600_000;
/** What `close` and `suspend` give the gateway to take their last frames. */
const FAREWELL_MS = 1_500;
/** Delay before peers are told that a page went: a reload comes back within it. */
const PAGE_GRACE_MS = 5_000;

/**
 * A session as the SDK keeps it. What it holds beyond a connection: the handshake's secrets, the outbox, the inbox's
 * cursor, the rooms. `SessionState` tells where it stands; `#setState` is the only way there.
 */
export class LiveSession extends LiveEmitter<SessionEvents> implements Session, ConnectionOwner, RoomHost {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly #handshake: Handshake;
  readonly #renewal: TokenRenewal;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #pings: Pings;
  readonly #receipts = new Receipts();
  readonly #rooms = new Rooms();
  readonly #opened = new Deferred<Session>();
  /** Undone when the session closes. */
  readonly #undo: (() => void)[] = [];
  #state: SessionState = { status: 'connecting' };
  #limits = limitsFromWire(undefined);
  #iceServers: readonly IceServer[] = [];
  /** Frames that the opening carried. */
  #openedWith = 0;
  #lastDetail = '';

  constructor(environment: Environment, urls: readonly string[], options: ConnectOptions) {
    const { transport = 'auto', connectTimeoutMs = CONNECT_TIMEOUT_MS, logger = consoleLogger } = options;
    const { signal, join } = options;
    super((error) => logger.error('a listener threw', error));
    this.environment = environment;
    this.logger = logger;
    const tokens = new TokenSource(options.token);
    this.#handshake = new Handshake(environment, options, tokens);
    this.#renewal = new TokenRenewal(environment, tokens, logger, (token) => this.#handToken(token));
    this.#outbox = new Outbox(
      (frame) => this.#connection.send(frame, this.#takeAck()),
      () => this.#limits.frameBytes,
    );
    this.#inbox = new Inbox(environment, () => this.#connection.send(undefined, this.#takeAck()));
    this.#pings = new Pings(environment, (id) => this.#sendUnsequenced({ case: 'ping', value: { id } }));
    const routes = new Routes(environment, urls, transport === 'auto' ? [] : [transport]);
    this.#connection = new Connection(environment, routes, logger, this);
    const stopTimeout = environment.after(connectTimeoutMs, () => {
      const detail = `no connection in ${connectTimeoutMs} ms. ${this.#lastDetail}`;
      if (!this.#handshake.established) this.#finish('unreachable', 'reconnect', detail);
    });
    const abort = () => {
      if (this.#handshake.established) void this.close();
      else this.#finish('cancelled', 'stop', 'aborted by its signal');
    };
    signal?.addEventListener('abort', abort);
    this.#undo.push(stopTimeout, () => signal?.removeEventListener('abort', abort));
    this.#opened.promise.then(stopTimeout, () => {});
    if (environment.page !== undefined) this.#undo.push(watchPage(environment.page, this.#pageHandlers()));
    if (join !== undefined) this.#enter(join.room, join);
    if (signal?.aborted === true) abort();
    else this.#connection.start();
  }

  // What the application sees.

  /** Settles with the first Welcome, or the end. */
  get opened(): Promise<Session> {
    return this.#opened.promise;
  }

  get id(): string {
    return this.#handshake.sessionId;
  }

  get state(): SessionState {
    return this.#state;
  }

  get limits(): Limits {
    return this.#limits;
  }

  get iceServers(): readonly IceServer[] {
    return this.#iceServers;
  }

  get rooms(): ReadonlyMap<string, Room> {
    return new Map([...this.#rooms].filter(([, room]) => room.position !== undefined));
  }

  async join(room: string, options: JoinOptions = {}): Promise<Room> {
    this.#check();
    return (this.#rooms.get(room) ?? this.#enter(room, options)).entered;
  }

  async suspend(holdMs = HOLD_MS): Promise<void> {
    this.#check();
    if (this.#state.status === 'connected') {
      this.#postSuspended(holdMs);
      await this.#pings.answered(FAREWELL_MS);
    }
    if (this.#state.status !== 'closed') this.#suspended();
  }

  async resume(): Promise<void> {
    this.#check();
    if (this.#state.status === 'suspended') this.#connection.start();
    while (this.#state.status !== 'connected') {
      this.#check();
      await new Promise((resolve) => this.once('state', resolve));
    }
  }

  networkChanged(): void {
    this.post({ case: 'clientState', value: { networkChanged: true } });
    this.#connection.probe();
  }

  async close(): Promise<void> {
    if (this.#state.status === 'closed') return;
    for (const room of this.#rooms.values()) void room.leave();
    if (this.#connection.open && !this.#outbox.empty) await this.#pings.answered(FAREWELL_MS);
    this.#finish('left', 'stop', 'closed by the application');
  }

  // What rooms need.

  get session(): Session {
    return this;
  }

  submit(draft: Draft): void {
    this.#outbox.submit(draft);
  }

  post(body: FrameBody): void {
    if (this.#connection.congested) return;
    this.#sendUnsequenced(body);
  }

  receipt(seq: number): Promise<Receipt> {
    return this.#receipts.await(seq);
  }

  noReceipt(seq: number, receipt: Promise<Receipt>): void {
    this.#receipts.cancel(seq, receipt);
  }

  gone(name: string): void {
    this.#rooms.delete(name);
  }

  // What the connection tells.

  async opening(): Promise<{ readonly hello: NewHello; readonly frames: readonly Uint8Array[] }> {
    const hello = await this.#handshake.hello(() => ({
      epoch: this.#inbox.epoch,
      receivedSeq: this.#inbox.received,
      rooms: [...this.#rooms.values()].flatMap((room) => room.position ?? []),
    }));
    // Hello acknowledges what was received.
    this.#inbox.settle();
    // Frames of a session that may turn out to be lost never leave before its Welcome.
    const frames = this.#handshake.established ? [] : this.#outbox.unacknowledged;
    this.#openedWith = frames.length;
    return { hello, frames };
  }

  welcomed(welcome: Welcome, transport: TransportName): void {
    if (welcome.limits !== undefined) this.#limits = limitsFromWire(welcome.limits);
    const { tokenExpiresAt, serverTime } = welcome;
    const serverNow = serverTime === undefined ? this.environment.now() : timestampMs(serverTime);
    this.#renewal.expiresIn(tokenExpiresAt && timestampMs(tokenExpiresAt) - serverNow);
    const outcome = this.#handshake.welcomed(welcome);
    if (outcome !== 'resumed') this.#inbox.restart(welcome.epoch, 1);
    if (outcome === 'fresh') this.#startAfresh(reasons.word(welcome.reason));
    else this.#outbox.replay(outcome === 'new' ? this.#openedWith : 0);
    this.#setIceServers(iceServersFromWire(welcome.iceServers), welcome.iceServersExpireAt, false);
    this.#setState({ status: 'connected', transport });
    this.#opened.resolve(this);
  }

  frame(frame: ServerFrame): void {
    if (frame.seq === 0 || this.#inbox.take(frame.seq)) {
      try {
        this.#dispatch(frame);
      } catch (error) {
        this.logger.error('a frame of the gateway could not be processed', error);
      }
    }
    if (frame.ack > 0) this.#outbox.acknowledged(frame.ack);
  }

  ping(): void {
    this.#pings.ping();
  }

  pong(id: number): void {
    this.#sendUnsequenced({ case: 'pong', value: { id } });
  }

  ended(end: End): boolean {
    this.#lastDetail = end.detail;
    if (end.next === 'reconnect') this.#handshake.forgetSession();
    const hopeless =
      end.next === 'stop' || (end.next === 'reauthenticate' && !this.#handshake.tokenRefused());
    if (hopeless) this.#finish(end.reason, end.next, end.detail);
    return this.#state.status !== 'closed';
  }

  trying(attempt: number, reason: Reason): void {
    const since = 'since' in this.#state ? this.#state.since : new Date(this.environment.now());
    const reconnecting = { status: 'reconnecting' as const, since, attempt, reason };
    this.#setState(this.#handshake.established ? reconnecting : { status: 'connecting' });
  }

  // Within.

  #check(): void {
    if (this.#state.status !== 'closed') return;
    const { reason, next, detail } = this.#state;
    throw new SignalboxError({ reason, next, detail: `the session is closed: ${detail}` });
  }

  #enter(name: string, options: JoinOptions): LiveRoom {
    const room = new LiveRoom(this, name, options);
    this.#rooms.set(name, room);
    room.join();
    return room;
  }

  #handToken(token: string): void {
    const failed = (error: SignalboxError) =>
      this.logger.warn('the gateway did not take the new token', error);
    this.submit(unheard({ case: 'refreshToken', value: { token } }, failed));
  }

  #sendUnsequenced(body: FrameBody): void {
    if (!this.#connection.open) return;
    this.#connection.send(encode('ClientFrame', { body }), this.#takeAck());
  }

  /** What a frame that leaves now acknowledges; nothing while it could only be dropped. */
  #takeAck(): number {
    return this.#connection.open ? this.#inbox.takeAck() : 0;
  }

  #dispatch(frame: ServerFrame): void {
    const { body, origin } = frame;
    switch (body.case) {
      case 'error': {
        const error = refusalFromWire(body.value);
        if (!this.#outbox.refused(body.value.seq, error)) this.logger.debug?.('refused', error);
        break;
      }
      case 'receipt':
        this.#receipts.arrived(body.value);
        break;
      case 'pong':
        this.#pings.pong(body.value.id);
        break;
      case 'resync':
        this.#resync(body.value);
        break;
      case 'iceServersUpdate': {
        const { iceServers, expireAt, restartIce } = body.value;
        this.#setIceServers(iceServersFromWire(iceServers), expireAt, restartIce);
        break;
      }
      case 'tokenExpiring':
        void this.#renewal.expiring(body.value.token);
        break;
      default:
        // A store that lost its memory hands over again what came before.
        if (frame.seq !== 0 && origin && !this.#inbox.takeFrom(origin.sender, origin.senderSeq)) return;
        if (body.case === 'signal' && body.value.wantReceipt) this.#inbox.hurry();
        this.#rooms.of(frame)?.frame(frame);
    }
  }

  #resync(resync: Resync): void {
    // A room's Resync is followed by a snapshot, which tells it all.
    if (resync.room !== '') return;
    this.#inbox.restart(resync.epoch, resync.nextSeq);
    for (const room of this.#rooms.values()) room.inboxLost();
  }

  #startAfresh(reason: Reason): void {
    const detail = `the session was lost (${reason}) before the gateway acknowledged: it may or may not have arrived`;
    const error = new SignalboxError({ reason: 'outcome_unknown', detail });
    this.logger.warn(`the session could not be resumed: ${reason}. A fresh one is open`);
    this.#receipts.lost(error);
    this.#outbox.restart(() => [...this.#rooms.values()].flatMap((room) => room.rejoin()), error);
  }

  #setIceServers(
    iceServers: readonly IceServer[],
    expireAt: Welcome['iceServersExpireAt'],
    restartIce: boolean,
  ): void {
    this.#iceServers = iceServers;
    const expiresAt = expireAt && new Date(timestampMs(expireAt));
    this.emit('iceServers', { iceServers, expiresAt, restartIce });
  }

  #pageHandlers() {
    return {
      probe: () => this.#connection.probe(),
      visible: (visible: boolean) => {
        const activity = visible ? ClientState_Activity.FOREGROUND : ClientState_Activity.BACKGROUND;
        this.post({ case: 'clientState', value: { activity } });
        if (visible) this.#connection.probe();
      },
      hiding: (kept: boolean) => {
        if (this.#state.status !== 'connected') return kept ? this.#suspended() : undefined;
        if (kept) this.#postSuspended(HOLD_MS);
        else for (const room of this.#rooms.values()) room.leaveWithGrace(PAGE_GRACE_MS);
        this.#connection.flush();
        if (kept) this.#suspended();
      },
      restored: () => {
        if (this.#state.status === 'suspended') this.#connection.start();
      },
    };
  }

  #postSuspended(holdMs: number): void {
    const activity = ClientState_Activity.SUSPENDED;
    this.#sendUnsequenced({ case: 'clientState', value: { activity, hold: durationFrom(holdMs) } });
  }

  #suspended(): void {
    this.#connection.stop();
    this.#inbox.settle();
    this.#renewal.stop();
    this.#setState({ status: 'suspended' });
  }

  #finish(reason: Reason, next: NextStep, detail: string): void {
    if (this.#state.status === 'closed') return;
    this.#connection.stop();
    this.#renewal.stop();
    this.#inbox.settle();
    this.#pings.abandon();
    for (const undo of this.#undo) undo();
    this.#setState({ status: 'closed', reason, next, detail });
    const ended = new SignalboxError({ reason, next, detail });
    const unknown = new SignalboxError({
      reason: 'outcome_unknown',
      next,
      detail: `session ended: ${detail}`,
    });
    for (const room of [...this.#rooms.values()]) room.sessionClosed(reason, detail);
    this.#receipts.lost(unknown);
    this.#outbox.abandon(unknown, ended);
    this.#opened.reject(ended);
  }

  #setState(state: SessionState): void {
    this.#state = state;
    this.emit('state', state);
  }
}
