import type { SessionRecord } from '../../gen/signalbox/state/v1/state_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { type Hello, NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import { AwakeTime } from './awake-time.ts';
import type { Cancel, Clock } from './clock.ts';
import type { Crypto } from './crypto.ts';
import { Draining, type DrainOptions } from './draining.ts';
import type { Engine, EngineEvents } from './engine.ts';
import { when } from './eventually.ts';
import type { Grants, TokenVerifier } from './grants.ts';
import type { IceServers } from './ice-servers.ts';
import type { Lane, LaneEvents } from './lane.ts';
import type { CoreLimits } from './limits.ts';
import { type Ending, endingOf } from './refusal.ts';
import type { RoomProfiles } from './room/room-profiles.ts';
import type { RoomKey } from './room-key.ts';
import type { SendFramesBatch, SendFramesResult } from './send-frames.ts';
import { encodeFrameErrorMessage } from './server-frame.ts';
import { AckSweep } from './session/ack-sweep.ts';
import { Connection, type ConnectionHost } from './session/connection.ts';
import { inBackground } from './session/in-background.ts';
import { type Opener, openSession } from './session/open-session.ts';
import { Pace } from './session/pace.ts';
import { Pump } from './session/pump.ts';
import { restoreSession } from './session/restore-session.ts';
import { RoomBudgets } from './session/room-budgets.ts';
import type { SavedSession } from './session/save-session.ts';
import type { Session } from './session/session.ts';
import type { CoreLog, SessionHost } from './session/session-host.ts';
import { Slices } from './session/slices.ts';
import { endingOfToken } from './session/token-reason.ts';
import { Welcomes } from './session/welcome.ts';
import { admitAll, type SessionAdmission } from './session-admission.ts';
import type { TokenIssuer } from './token-issuer.ts';
import { MemoryPool } from './wire/memory-pool.ts';
import { FrameScan } from './wire/scan.ts';
import { Slab } from './wire/slab.ts';

/** How often what falls due with time is looked at, in milliseconds. */
const sweepIntervalMs = 1000;

/** Sessions whose credentials are renewed at one look: each costs a signature, and the others wait for the next look. */
const renewalsPerSweep = 500;

export interface SignalingNodeOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly limits: CoreLimits;
  readonly profiles: RoomProfiles;
  readonly verifier: TokenVerifier;
  /** Signs tokens for participants that are moved to another room; absent: they get none. */
  readonly issuer?: TokenIssuer;
  readonly iceServers: IceServers;
  readonly log: CoreLog;
  readonly version: string;
  readonly region: string;
  /** Default: takes everybody. */
  readonly admission?: SessionAdmission;
}

/** What a node has at the moment. */
export interface NodeFigures {
  readonly id: string;
  readonly startedAt: number;
  readonly connections: number;
  readonly attachedSessions: number;
  /** Those whose transport takes nothing at the moment. */
  readonly blockedSessions: number;
  readonly sessions: number;
  readonly rooms: number;
}

/**
 * The core of one gateway process: lanes come in at `open` and `sendFrames`, sessions live here, the pump moves what is
 * in the engine's logs to the lanes.
 */
export class SignalingNode {
  readonly engine: Engine;
  readonly #options: SignalingNodeOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #connections = new Set<Connection>();
  readonly #pump: Pump;
  readonly #acks: AckSweep;
  readonly #awake: AwakeTime;
  readonly #presence: Slices<Session>;
  /** Thousands may fall due in one look: those who read nothing any more, or whose network is gone. */
  readonly #looks: Slices<Session>;
  readonly #pace: Pace;
  readonly #opener: Opener;
  readonly #connectionHost: ConnectionHost;
  readonly #startedAt: number;
  readonly #id: string;
  readonly #host: SessionHost;
  #cancelSweep: Cancel | undefined;
  #cancelAway: Cancel | undefined;
  #draining: Draining | undefined;
  #newestBirth = 0;
  /** Credentials that were renewed since the last sweep. */
  #renewals = 0;
  #stopped = false;

  constructor(options: SignalingNodeOptions) {
    const { engine, clock, crypto } = options;
    this.engine = engine;
    this.#options = options;
    this.#startedAt = clock.now();
    this.#id = crypto.random(6);
    this.#pump = new Pump(clock, engine);
    this.#acks = new AckSweep(clock, options.limits.ackDelayMs);
    this.#awake = new AwakeTime(clock, 2 * sweepIntervalMs);
    this.#presence = new Slices(clock, (session) => session.tellPresence());
    this.#looks = new Slices(clock, (session) =>
      inBackground(options, 'a session could not be looked at', () => this.#look(session)),
    );
    this.#pace = new Pace(clock);
    const host = this.#sessionHost();
    this.#host = host;
    this.#opener = {
      host,
      welcomes: new Welcomes(options.limits, options.version, options.region),
      admission: options.admission ?? admitAll,
      turn: () => this.#pace.take(),
      nextBirth: () => {
        this.#newestBirth = Math.max(clock.now(), this.#newestBirth + 1);
        return this.#newestBirth;
      },
      session: (id) => this.#sessions.get(id),
      register: (session) => this.#sessions.set(session.id, session),
    };
    this.#connectionHost = {
      scan: host.scan,
      open: (hello, connection) => this.#open(hello, connection),
      handshakeMs: options.limits.handshakeMs,
      violated: (peer) => this.#opener.admission.violated(peer),
      after: (milliseconds, run) => clock.after(milliseconds, run),
      ended: (connection) => {
        this.#connections.delete(connection);
        this.#draining?.connectionEnded();
      },
    };
  }

  async start(): Promise<void> {
    await this.engine.start(this.#engineEvents());
    this.#sweepLater();
  }

  /** Tells all clients, and those who come from now on, to go. Resolves when they have gone, or at the deadline. */
  drain(options: DrainOptions): Promise<void> {
    const draining = new Draining(this.#options.clock, options, () => this.#connections.size);
    this.#draining = draining;
    for (const session of this.#sessions.values())
      if (session.state.kind === 'attached') draining.tell(session, false);
    return draining.over;
  }

  /**
   * Freezes the node: from here on no frame is taken, acknowledged or written, and nothing falls due. Returns its sessions, for
   * the process that comes next; what the engine holds is the engine's to hand over. `stop` ends the connections.
   */
  handOver(): SavedSession[] {
    this.#freeze();
    // Whoever is about to open a session would be told of one that is in no state.
    for (const connection of [...this.#connections]) {
      if (connection.session === undefined) connection.end(this.#goodbye());
    }
    for (const session of this.#draining?.gone() ?? []) session.close(Reason.DRAINING);
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    return sessions.map((session) => session.handOver());
  }

  /** Nothing is taken or answered any more. */
  get isFrozen(): boolean {
    return this.#stopped;
  }

  /**
   * Takes up sessions of the process before, after `start` and before the first connection; the engine has its part
   * already. Each waits for its client for the rest of its window. Rooms see those AWAY who are not back in the time that a
   * Pong may take: a roster in which everybody goes and comes back tells nobody anything.
   */
  takeUp(saved: readonly SessionRecord[]): void {
    const sessions = saved.map((record) => restoreSession(this.#host, record));
    for (const session of sessions) {
      this.#sessions.set(session.id, session);
      this.#newestBirth = Math.max(this.#newestBirth, session.info.bornAt);
    }
    const { clock, limits } = this.#options;
    this.#cancelAway = clock.after(limits.pongTimeoutMs, () => {
      for (const session of sessions) session.announceAway();
    });
  }

  /** Ends all connections, sessions and timers. */
  async stop(): Promise<void> {
    this.#freeze();
    for (const connection of [...this.#connections]) connection.end(this.#goodbye());
    for (const session of [...this.#sessions.values()]) session.close(Reason.DRAINING);
    await this.engine.stop();
  }

  get figures(): NodeFigures {
    let attachedSessions = 0;
    let blockedSessions = 0;
    for (const { state, outgoing } of this.#sessions.values()) {
      if (state.kind === 'attached') attachedSessions += 1;
      if (outgoing.blockedSince !== undefined) blockedSessions += 1;
    }
    return {
      id: this.#id,
      startedAt: this.#startedAt,
      connections: this.#connections.size,
      attachedSessions,
      blockedSessions,
      sessions: this.#sessions.size,
      rooms: this.#pump.rooms,
    };
  }

  /** A transport has a connection: from here on it hands in frames. Lanes call this (`OpenLane`). */
  readonly open = (lane: Lane): LaneEvents => {
    const connection = new Connection(this.#connectionHost, lane);
    this.#connections.add(connection);
    if (this.#stopped) connection.end(this.#goodbye());
    return connection;
  };

  /** The sending half of a session without full duplex (`SendFrames`). */
  readonly sendFrames = (batch: SendFramesBatch, done: (result: SendFramesResult) => void): void => {
    const { crypto } = this.#options;
    if (this.#stopped) {
      done({ kind: 'refused', ending: this.#goodbye() });
      return;
    }
    const session = this.#sessions.get(batch.sendKey.slice(0, batch.sendKey.indexOf('.')));
    const known =
      session !== undefined && crypto.equal(crypto.sha256(batch.sendKey), session.info.sendKeyHash);
    if (!known || session.state.kind === 'closed') {
      const detail =
        batch.sendKey === '' ? 'send_key is missing' : 'no session has this send_key, or it has ended';
      const ending = endingOf(Reason.TOKEN_INVALID, detail);
      done({ kind: 'refused', ending: { ...ending, nextStep: NextStep.RECONNECT } });
      return;
    }
    const ending = endingOfToken(this.#options, session.grants);
    if (ending !== undefined) {
      done({ kind: 'refused', ending });
      return;
    }
    if (batch.ack > 0) session.acknowledge(batch.ack);
    const { incoming, outgoing } = session;
    const errors: Uint8Array[] = [];
    incoming.batch({
      frames: batch.frames,
      refused: (seq, refusal) => errors.push(encodeFrameErrorMessage(seq, refusal)),
      done: (failure) => {
        if (failure !== undefined) {
          done({ kind: 'refused', ending: failure });
          return;
        }
        outgoing.ackTold(incoming.done);
        done({ kind: 'done', ack: incoming.done, errors });
      },
    });
  };

  /** Ends the sessions whose token fits. Returns how many. */
  closeSessions(fits: (grants: Grants) => boolean, reason: Reason, detail: string): number {
    let closed = 0;
    for (const session of [...this.#sessions.values()]) {
      if (!fits(session.grants)) continue;
      session.close(reason, endingOf(reason, detail));
      closed += 1;
    }
    return closed;
  }

  /**
   * The keys have changed. Connections whose token was signed with a key that is gone end: their sessions may come back with
   * a token of another key. Returns how many.
   */
  recheckTokens(): number {
    return [...this.#sessions.values()].filter((session) => this.#endForToken(session)).length;
  }

  #open(hello: Hello, connection: Connection): void {
    const open = () =>
      when(openSession(this.#opener, hello, connection), () => {
        if (connection.session !== undefined) this.#draining?.tell(connection.session, true);
      });
    inBackground(this.#options, 'a session could not be opened', open, () =>
      connection.end(endingOf(Reason.INTERNAL, 'the session could not be opened')),
    );
  }

  #freeze(): void {
    this.#stopped = true;
    this.#cancelSweep?.();
    this.#cancelAway?.();
    this.#acks.stop();
    this.#pump.stop();
    this.#draining?.end();
  }

  /** Closed(DRAINING, RESUME), with a time to come back at that is different for each. */
  #goodbye(): Ending {
    const ending = endingOf(Reason.DRAINING, 'the gateway shuts down');
    if (this.#draining === undefined) return ending;
    return { ...ending, retryAfterMs: this.#draining.comeBackMs(), endpoints: this.#draining.endpoints };
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#options.clock.after(sweepIntervalMs, () => {
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    this.#awake.beat();
    this.#renewals = 0;
    void this.#sweepEngine();
    for (const session of this.#sessions.values()) this.#looks.add(session);
  }

  /** Ends what has fallen due of a session, and renews what will. */
  #look(session: Session): void {
    const now = this.#options.clock.now();
    session.liveness.check();
    if (session.state.kind !== 'attached') return;
    if (session.grants.expiresAt <= now) this.#endForToken(session);
    else if (this.#renewals < renewalsPerSweep && session.credentials.check(now)) this.#renewals += 1;
  }

  /** The token of the session is good no longer. Without it, or with another one, the session may come back, but for revoked ones. */
  #endForToken(session: Session): boolean {
    const ending = endingOfToken(this.#options, session.grants);
    if (ending === undefined) return false;
    if (ending.nextStep === NextStep.STOP) session.close(ending.reason, ending);
    else session.endConnection(ending);
    return true;
  }

  async #sweepEngine(): Promise<void> {
    try {
      await this.engine.sweep();
    } catch (error) {
      this.#options.log.error({ err: error }, 'the engine could not be swept');
    }
  }

  #sessionHost(): SessionHost {
    const { engine, clock, crypto, limits, profiles, verifier, issuer, iceServers, log } = this.#options;
    const pool = new MemoryPool();
    return {
      engine,
      clock,
      awake: this.#awake,
      crypto,
      limits,
      profiles,
      verifier,
      issuer,
      iceServers,
      log,
      scan: new FrameScan(),
      slab: new Slab(pool),
      pool,
      roomBudgets: new RoomBudgets(limits.roomRate),
      readers: (key) => this.#pump.readers(key),
      acks: this.#acks,
      markDirty: (session) => this.#pump.markDirty(session),
      announce: (session) => this.#presence.add(session),
      follow: (key, session) => this.#pump.follow(key, session),
      unfollow: (key, session) => this.#pump.unfollow(key, session),
      forget: (session) => {
        this.#sessions.delete(session.id);
        this.#presence.delete(session);
        this.#looks.delete(session);
      },
    };
  }

  #engineEvents(): EngineEvents {
    return {
      inboxChanged: (id) => {
        const session = this.#sessions.get(id);
        if (session !== undefined) this.#pump.inboxChanged(session);
      },
      roomChanged: (key: RoomKey) => this.#pump.roomChanged(key),
      bulkChanged: (key) => this.#pump.bulkChanged(key),
      lossy: (key, frame) => this.#pump.lossy(key, frame),
      membershipsChanged: (id) => this.#sessions.get(id)?.syncMemberships(),
    };
  }
}
