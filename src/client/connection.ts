import { Backoff } from './backoff.ts';
import type { Closed, GoAway, NewHello, ServerFrame, Welcome } from './codec/messages.ts';
import { milliseconds } from './codec/time.ts';
import type { Environment } from './environment.ts';
import { Liveness } from './liveness.ts';
import type { Logger, TransportName } from './options.ts';
import type { Routes } from './routes.ts';
import { SignalboxError } from './signalbox-error.ts';
import type { Link, LinkEnd } from './transport/port.ts';
import type { NextStep, Reason } from './vocabulary.ts';
import { nextSteps, reasons } from './vocabulary.ts';

/** First bound for Welcome; doubled with each round in which no route worked, up to the last. */
const WELCOME_MS = 3_000;
const WELCOME_LAST_MS = 15_000;
/** A connection that lasted this long was a good one: the next pause is a short one again. */
const STABLE_MS = 10_000;
/** Defaults for a gateway that announces none. */
const PING_INTERVAL_MS = 25_000;
const PONG_TIMEOUT_MS = 10_000;

/** Why a connection ended, and what that means. */
export interface End {
  readonly reason: Reason;
  readonly next: NextStep;
  readonly detail: string;
  readonly retryAfterMs: number;
}

/** What a connection needs of its session. */
export interface ConnectionOwner {
  /** What the next try begins with. Rejects where there is no token to be had. */
  opening(): Promise<{ readonly hello: NewHello; readonly frames: readonly Uint8Array[] }>;
  /** Before anything else of a new connection. */
  welcomed(welcome: Welcome, transport: TransportName): void;
  /** Any frame but Welcome, Ping, Pong, GoAway and Closed. Bare acknowledgements included. */
  frame(frame: ServerFrame): void;
  ping(): void;
  pong(id: number): void;
  /** The connection ended. Returns whether to try again. */
  ended(end: End): boolean;
  /** Another try begins, `attempt` counted from 0 since the connection was lost. */
  trying(attempt: number, reason: Reason): void;
}

/**
 * Keeps one link to the gateway: chooses the route, opens, tells a lost one from a final end, waits, tries again.
 * Phases: 'idle' (not wanted), 'waiting' (a pause before the next try), 'opening' (a link without Welcome), 'open'.
 */
export class Connection {
  readonly #environment: Environment;
  readonly #routes: Routes;
  readonly #owner: ConnectionOwner;
  readonly #logger: Logger;
  readonly #backoff: Backoff;
  readonly #liveness: Liveness;
  #phase: 'idle' | 'waiting' | 'opening' | 'open' = 'idle';
  #link: Link | undefined;
  #stopTimer: (() => void) | undefined;
  #stopGoAway: (() => void) | undefined;
  /** Told apart by this: events of a link that was given up are nobody's. */
  #generation = 0;
  #openedAt = 0;
  #rounds = 0;
  #tries = 0;
  #lastReason: Reason = 'unreachable';

  constructor(environment: Environment, routes: Routes, logger: Logger, owner: ConnectionOwner) {
    this.#environment = environment;
    this.#routes = routes;
    this.#owner = owner;
    this.#logger = logger;
    this.#backoff = new Backoff(() => environment.random());
    this.#liveness = new Liveness(
      environment,
      () => owner.ping(),
      () =>
        this.#lost(
          { reason: 'unreachable', next: 'resume', detail: 'no answer to a probe', retryAfterMs: 0 },
          true,
        ),
    );
  }

  get open(): boolean {
    return this.#phase === 'open';
  }

  get congested(): boolean {
    return this.#phase !== 'open' || (this.#link?.congested ?? true);
  }

  /** Hands a frame over; dropped unless open. */
  send(frame: Uint8Array | undefined, ack: number): void {
    if (this.#phase === 'open') this.#link?.send(frame, ack);
  }

  /** See `Link.flush`. */
  flush(): void {
    this.#link?.flush();
  }

  /** Opens, at once; ends a pause. Nothing where a link is open or being opened. */
  start(): void {
    if (this.#phase === 'open' || this.#phase === 'opening') return;
    void this.#try();
  }

  /** Gives the link up, and all tries. */
  stop(): void {
    this.#drop();
    this.#phase = 'idle';
  }

  /** Something about the network changed: tests an open link, ends a pause. */
  probe(): void {
    if (this.#phase === 'open') this.#liveness.probe();
    else if (this.#phase === 'waiting') this.start();
  }

  async #try(): Promise<void> {
    this.#drop();
    this.#phase = 'opening';
    const generation = this.#generation;
    const route = this.#routes.current;
    this.#owner.trying(this.#tries, this.#lastReason);
    this.#tries += 1;
    try {
      const transport = await this.#environment.transport(route.transport);
      if (generation !== this.#generation) return;
      const { hello, frames } = await this.#owner.opening();
      if (generation !== this.#generation) return;
      this.#logger.debug?.('opening', route);
      this.#link = transport.open(
        { url: route.url, hello, frames },
        {
          frame: (frame) => generation === this.#generation && this.#frame(frame, route.transport),
          closed: (end) => generation === this.#generation && this.#linkEnded(end),
        },
      );
    } catch (cause) {
      if (generation !== this.#generation) return;
      const detail =
        cause instanceof SignalboxError ? cause.detail : `cannot open ${route.transport}: ${cause}`;
      const reason = cause instanceof SignalboxError ? cause.reason : 'unreachable';
      return this.#lost({
        reason,
        next: cause instanceof SignalboxError ? cause.next : 'resume',
        detail,
        retryAfterMs: 0,
      });
    }
    const patience = Math.min(WELCOME_LAST_MS, WELCOME_MS * 2 ** this.#rounds);
    this.#stopTimer = this.#environment.after(patience, () => {
      const detail = `no Welcome from ${route.url} over ${route.transport} in ${patience} ms`;
      this.#lost({ reason: 'unreachable', next: 'resume', detail, retryAfterMs: 0 });
    });
  }

  #frame(frame: ServerFrame, transport: TransportName): void {
    this.#liveness.heard();
    const { body } = frame;
    switch (body.case) {
      case 'welcome':
        this.#welcomed(body.value, transport);
        break;
      case 'closed':
        this.#closed(body.value);
        break;
      case 'ping':
        this.#owner.pong(body.value.id);
        break;
      case 'goAway':
        this.#goAway(body.value);
        break;
      default:
        if (this.#phase === 'open') this.#owner.frame(frame);
    }
  }

  #welcomed(welcome: Welcome, transport: TransportName): void {
    if (this.#phase !== 'opening') return;
    this.#stopTimer?.();
    this.#phase = 'open';
    this.#openedAt = this.#environment.now();
    this.#rounds = 0;
    this.#tries = 0;
    this.#routes.succeeded();
    const interval = milliseconds(welcome.pingInterval) ?? PING_INTERVAL_MS;
    const timeout = milliseconds(welcome.pongTimeout) ?? PONG_TIMEOUT_MS;
    this.#liveness.start(interval + timeout);
    this.#owner.welcomed(welcome, transport);
  }

  #goAway(goAway: GoAway): void {
    this.#routes.prefer(goAway.endpoints);
    const deadline = milliseconds(goAway.deadline) ?? 0;
    const after = milliseconds(goAway.reconnectAfter) ?? this.#environment.random() * deadline;
    const reason = reasons.word(goAway.reason);
    this.#stopGoAway?.();
    this.#stopGoAway = this.#environment.after(after, () =>
      this.#lost({ reason, next: 'resume', detail: 'the gateway asked to reconnect', retryAfterMs: 0 }, true),
    );
  }

  #closed(closed: Closed): void {
    this.#routes.prefer(closed.endpoints);
    this.#lost({
      reason: reasons.word(closed.reason),
      next: nextSteps.word(closed.nextStep),
      detail: closed.detail,
      retryAfterMs: milliseconds(closed.retryAfter) ?? 0,
    });
  }

  #linkEnded({ code, detail }: LinkEnd): void {
    const route = this.#routes.current;
    const end = { detail: `${route.url} over ${route.transport}: ${detail}`, retryAfterMs: 0 };
    // gRPC 10 ABORTED and 16 UNAUTHENTICATED are how the schema maps STOP and REAUTHENTICATE.
    if (code === 16) this.#lost({ ...end, reason: 'token_invalid', next: 'reauthenticate' });
    else if (code === 10) this.#lost({ ...end, reason: 'unspecified', next: 'stop' });
    else this.#lost({ ...end, reason: 'unreachable', next: 'resume' });
  }

  /** `now`: the link was given up on purpose, the next one may open without a pause. */
  #lost(end: End, now = false): void {
    const wasOpen = this.#phase === 'open';
    const wasStable = wasOpen && this.#environment.now() - this.#openedAt >= STABLE_MS;
    this.stop();
    this.#lastReason = end.reason;
    if (wasStable) this.#backoff.reset();
    // A gateway that answers is reached: what it refuses over one transport it refuses over all.
    const unreached = !wasOpen && end.reason === 'unreachable';
    const roundOver = unreached && this.#routes.failed();
    if (roundOver) this.#rounds += 1;
    this.#logger.warn(`connection ended: ${end.reason}, ${end.next}. ${end.detail}`);
    if (!this.#owner.ended(end)) return;
    if (now || (unreached && !roundOver)) return void this.#try();
    this.#phase = 'waiting';
    const pause = this.#backoff.next(end.retryAfterMs);
    this.#owner.trying(this.#tries, end.reason);
    this.#stopTimer = this.#environment.after(pause, () => void this.#try());
  }

  #drop(): void {
    this.#generation += 1;
    this.#stopTimer?.();
    this.#stopGoAway?.();
    this.#stopTimer = undefined;
    this.#stopGoAway = undefined;
    this.#liveness.stop();
    this.#link?.close();
    this.#link = undefined;
  }
}
