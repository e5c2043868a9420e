import type { ServerFrame, Welcome } from './codec/messages.ts';
import { timestampMs } from './codec/time.ts';
import type { ConnectionOwner } from './connection.ts';
import { Connection } from './connection.ts';
import { Deferred } from './deferred.ts';
import { LiveEmitter } from './emitter.ts';
import type { Environment } from './environment.ts';
import { consoleLogger } from './environment.ts';
import { leaveBody } from './frame-bodies.ts';
import { Handshake } from './handshake.ts';
import { iceServersFromWire } from './ice-servers.ts';
import { limitsFromWire } from './limits.ts';
import type { End, Greeting } from './line.ts';
import { LiveRoom } from './live-room.ts';
import type { ConnectOptions, JoinOptions, Logger, TransportName } from './options.ts';
import type { Draft, FrameBody } from './outbox.ts';
import { unheard } from './outbox.ts';
import { HOLD_MS, PAGE_GRACE_MS, PageLife, tellSuspended } from './page-life.ts';
import { watchPage } from './page-watch.ts';
import type { Room } from './room.ts';
import type { RoomHost } from './room-host.ts';
import { Routes } from './routes.ts';
import type { IceServer, Limits, Session, SessionEvents, SessionState } from './session.ts';
import type { Receipt } from './signal.ts';
import { SignalboxError } from './signalbox-error.ts';
import type { TabKeeper, TabPast } from './tab-keeper.ts';
import { TokenRenewal } from './token-renewal.ts';
import { TokenSource } from './token-source.ts';
import { Traffic } from './traffic.ts';
import type { NextStep, Reason } from './vocabulary.ts';
import { reasons } from './vocabulary.ts';

const CONNECT_TIMEOUT_MS = 20_000;
/** What `close` and `suspend` give the gateway to take their last frames. */
const FAREWELL_MS = 1_500;

/** The gateway has no time, and has not looked at what it was told. */
const BUSY: readonly Reason[] = ['overloaded', 'rate_limited'];

/**
 * A session as the SDK keeps it: the handshake's secrets, the connection, the traffic over it. `SessionState` tells where it
 * stands; `#setState` is the only way there.
 */
export class LiveSession extends LiveEmitter<SessionEvents> implements Session, ConnectionOwner, RoomHost {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly #handshake: Handshake;
  readonly #renewal: TokenRenewal;
  readonly #connection: Connection;
  readonly #traffic: Traffic;
  readonly #opened = new Deferred<Session>();
  /** Undone when the session closes. */
  readonly #undo: (() => void)[] = [];
  /** Rooms that the page before was in and this one has not joined: own ids by name. */
  readonly #formerRooms: Map<string, string>;
  /** The session of the page before was lost. */
  #formerLost = false;
  #state: SessionState = { status: 'connecting' };
  #limits = limitsFromWire(undefined);
  #iceServers: readonly IceServer[] = [];
  /** Frames that went with the Hello. */
  #openedWith = 0;
  #lastDetail = '';

  /** `tab`: with `keepSession: 'tab'`. */
  constructor(environment: Environment, urls: readonly string[], options: ConnectOptions, tab?: TabPast) {
    const { transport = 'auto', connectTimeoutMs = CONNECT_TIMEOUT_MS, logger = consoleLogger } = options;
    const { signal, join } = options;
    super((error) => logger.error('a listener threw', error));
    this.environment = environment;
    this.logger = logger;
    const tokens = new TokenSource(options.token, (failure) => this.emit('tokenFailed', failure));
    this.#handshake = new Handshake(environment, options, tokens, tab);
    this.#renewal = new TokenRenewal(environment, tokens, logger, (token) => this.#handToken(token));
    const routes = new Routes(environment, urls, transport === 'auto' ? [] : [transport]);
    this.#connection = new Connection(environment, routes, logger, this);
    this.#traffic = new Traffic(environment, logger, this.#connection, () => this.#limits.frameBytes, {
      iceServers: ({ iceServers, expireAt, restartIce }) =>
        this.#setIceServers(iceServersFromWire(iceServers), expireAt, restartIce),
      tokenExpiring: (token) => void this.#renewal.expiring(token),
    });
    this.#formerRooms = new Map(tab?.kept?.rooms);
    if (tab?.kept !== undefined) this.#traffic.restore(tab.kept);
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
    this.#undo.push(() => tab?.keeper.end());
    this.#opened.promise.then(stopTimeout, () => {});
    this.#watchPage(options, tab?.keeper);
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
    return new Map([...this.#traffic.rooms].filter(([, room]) => room.position !== undefined));
  }

  async join(room: string, options: JoinOptions = {}): Promise<Room> {
    this.#check();
    return (this.#traffic.rooms.get(room) ?? this.#enter(room, options)).entered;
  }

  async suspend(holdMs = HOLD_MS): Promise<void> {
    this.#check();
    if (this.#state.status === 'connected') {
      tellSuspended(this.#traffic, holdMs);
      await this.#traffic.pings.answered(FAREWELL_MS);
    }
    if (this.#state.status !== 'closed') this.#sleep();
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
    this.#connection.networkChanged();
  }

  tryNow(): void {
    this.#connection.probe();
  }

  async close(): Promise<void> {
    if (this.#state.status === 'closed') return;
    const { rooms, outbox, pings } = this.#traffic;
    for (const room of rooms.values()) void room.leave();
    if (this.#connection.open && !outbox.empty) await pings.answered(FAREWELL_MS);
    this.#finish('left', 'stop', 'closed by the application');
  }

  // What rooms need.

  get session(): Session {
    return this;
  }

  submit(draft: Draft): void {
    this.#traffic.outbox.submit(draft);
  }

  post(body: FrameBody): void {
    if (!this.#connection.congested) this.#traffic.send(body);
  }

  receipt(seq: number): Promise<Receipt> {
    return this.#traffic.receipts.await(seq);
  }

  noReceipt(seq: number, receipt: Promise<Receipt>): void {
    this.#traffic.receipts.cancel(seq, receipt);
  }

  gone(name: string): void {
    this.#traffic.rooms.delete(name);
  }

  // What the connection tells.

  async greeting(): Promise<Greeting> {
    const hello = await this.#handshake.hello(() => this.#traffic.position());
    // Frames of a session that may turn out to be lost never leave before its Welcome.
    const frames = this.#handshake.hasPast ? [] : this.#traffic.outbox.unacknowledged;
    this.#openedWith = frames.length;
    return { hello, frames };
  }

  welcomed(welcome: Welcome, transport: TransportName): void {
    if (welcome.limits !== undefined) this.#limits = limitsFromWire(welcome.limits);
    const { tokenExpiresAt, serverTime } = welcome;
    const serverNow = serverTime === undefined ? this.environment.now() : timestampMs(serverTime);
    this.#renewal.expiresIn(tokenExpiresAt && timestampMs(tokenExpiresAt) - serverNow);
    const outcome = this.#handshake.welcomed(welcome);
    if (outcome === 'resumed') this.#traffic.resumed();
    else if (outcome === 'new') this.#traffic.began(welcome.epoch, this.#openedWith);
    else this.#traffic.beganAfresh(welcome.epoch, reasons.word(welcome.reason));
    this.#settleFormer(outcome === 'fresh');
    this.#setIceServers(iceServersFromWire(welcome.iceServers), welcome.iceServersExpireAt, false);
    this.#setState({ status: 'connected', transport });
    this.#opened.resolve(this);
  }

  frame(frame: ServerFrame, bytes: number): void {
    this.#traffic.frame(frame, bytes);
  }

  ping(): void {
    this.#traffic.pings.ping();
  }

  pong(id: number): void {
    this.#traffic.send({ case: 'pong', value: { id } });
  }

  stays(end: End | undefined): void {
    if (end?.next === 'reauthenticate') this.#handshake.tokenRefused();
    this.#traffic.stays();
  }

  ended(end: End): boolean {
    this.#lastDetail = end.detail;
    // A gateway that is too busy to look at a Hello has not said that the session is lost.
    const unseen = this.#state.status !== 'connected' && BUSY.includes(end.reason);
    if (end.next === 'reconnect' && !unseen) this.#handshake.forgetSession();
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
    const former = { id: this.#formerRooms.get(name) ?? '', replaces: this.#formerLost };
    this.#formerRooms.delete(name);
    const room = new LiveRoom(this, name, options, former);
    this.#traffic.rooms.set(name, room);
    room.join();
    return room;
  }

  /** What the page before was in and this one does not join in time is left. */
  #settleFormer(lost: boolean): void {
    this.#formerLost ||= lost;
    if (lost || this.#formerRooms.size === 0) return;
    const leave = () => {
      for (const name of this.#formerRooms.keys()) this.submit(unheard(leaveBody(name, 0), () => {}));
      this.#formerRooms.clear();
    };
    this.#undo.push(this.environment.after(PAGE_GRACE_MS, leave));
  }

  #handToken(token: string): void {
    const refused = (error: SignalboxError) => {
      this.logger.warn('the gateway did not take the new token', error);
      this.#renewal.refused();
    };
    const accepted = () => this.#renewal.taken();
    const draft = unheard({ case: 'refreshToken', value: { token } }, refused);
    this.submit({ ...draft, accepted, lost: () => {} });
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

  #watchPage(options: ConnectOptions, keeper: TabKeeper | undefined): void {
    const { page } = this.environment;
    if (page === undefined) return;
    const life = new PageLife({
      state: () => this.#state,
      connection: this.#connection,
      traffic: this.#traffic,
      handshake: this.#handshake,
      keeper,
      onPageHide: options.onPageHide ?? 'leave',
      graceMs: options.pageGraceMs ?? PAGE_GRACE_MS,
      roomIds: () => {
        const ids = [...this.#traffic.rooms].map(([name, { lastId }]) => [name, lastId] as const);
        return new Map([...this.#formerRooms, ...ids.filter(([, id]) => id !== '')]);
      },
      sleep: () => this.#sleep(),
    });
    this.#undo.push(watchPage(page, life));
  }

  #sleep(): void {
    this.#connection.stop();
    this.#traffic.rest();
    this.#renewal.stop();
    this.#setState({ status: 'suspended' });
  }

  #finish(reason: Reason, next: NextStep, detail: string): void {
    if (this.#state.status === 'closed') return;
    this.#connection.stop();
    this.#renewal.stop();
    for (const undo of this.#undo) undo();
    this.#setState({ status: 'closed', reason, next, detail });
    const ended = new SignalboxError({ reason, next, detail });
    const unknown = { reason: 'outcome_unknown' as const, next, detail: `session ended: ${detail}` };
    this.#traffic.end(reason, detail, new SignalboxError(unknown), ended);
    this.#opened.reject(ended);
  }

  #setState(state: SessionState): void {
    const before = this.#state;
    this.#state = state;
    const same = before.status === 'connected' && state.status === 'connected';
    if (!same || before.transport !== state.transport) this.emit('state', state);
  }
}
