import { Backoff } from './backoff.ts';
import type { GoAway, ServerFrame, Welcome } from './codec/messages.ts';
import { milliseconds } from './codec/time.ts';
import type { Environment } from './environment.ts';
import type { End, Greeting } from './line.ts';
import { Line } from './line.ts';
import { Liveness } from './liveness.ts';
import type { Logger, TransportName } from './options.ts';
import type { Route, Routes } from './routes.ts';
import type { Reason } from './vocabulary.ts';
import { reasons } from './vocabulary.ts';

/** First bound for Welcome; doubled with each round in which no route worked, up to the last. */
const WELCOME_MS = 3_000;
const WELCOME_LAST_MS = 15_000;
/** A connection that lasted this long was a good one: the next pause is a short one again. */
const STABLE_MS = 10_000;
/**
 * A first choice of transport that did not work is tried again after this long, once: the second may have come through only
 * because the gateway had just started. And at a change of network, at most this often.
 */
const BETTER_MS = 60_000;
/** A gateway that says that it drains may be there again soon: in this time pauses are short. */
const RESTART_MS = 30_000;
/** The longest of the short pauses. */
const SOON_MS = 1_000;
/** A line that is being opened for this long is given up for another one where the network changed. */
const STALE_MS = 500;
/** For a gateway that announces none: the defaults of this project's own. */
export const PING_INTERVAL_MS = 10_000;
export const PONG_TIMEOUT_MS = 7_000;

/** What a connection needs of its session. */
export interface ConnectionOwner {
  /** What the next line begins with. Rejects where there is no token to be had. */
  greeting(): Promise<Greeting>;
  /** Before anything else of a new line. Frames go there from now on. */
  welcomed(welcome: Welcome, transport: TransportName): void;
  /** Any frame but Welcome, Ping, GoAway and Closed. Bare acknowledgements included; with the size of the message that brought it. */
  frame(frame: ServerFrame, bytes: number): void;
  ping(): void;
  pong(id: number): void;
  /** A line that was to follow the open one did not come about: that one goes on. */
  stays(end: End | undefined): void;
  /** There is no open line any more. Returns whether to try again. */
  ended(end: End): boolean;
  /** Without an open line: another try begins, `attempt` counted from 0 since the last one was lost. */
  trying(attempt: number, reason: Reason): void;
}

/**
 * Keeps a line to the gateway: chooses the route, opens, tells a lost line from a final end, waits, tries again. Where the
 * open line is about to go (GoAway) or may be dead or second-best (the network changed), the next one is opened beside it and
 * takes over at its Welcome: until then the old one carries the frames, afterwards the new one, never both.
 */
export class Connection {
  readonly #environment: Environment;
  readonly #routes: Routes;
  readonly #owner: ConnectionOwner;
  readonly #logger: Logger;
  readonly #backoff: Backoff;
  readonly #liveness: Liveness;
  /** Carries frames. */
  #line: Line | undefined;
  /** Is being opened, in the place of a lost line or beside the open one. */
  #next: Line | undefined;
  #nextSince = 0;
  #stopPause: (() => void) | undefined;
  /** The pause is the gateway's wish: nothing ends it early. */
  #pauseAsked = false;
  #stopGoAway: (() => void) | undefined;
  /** The gateway asked to leave the open line: tried until it works. */
  #leaving = false;
  /** A successor of the open line was given up after its Hello left. The gateway may still hear of it, and replace the line. */
  #overtaken = false;
  #openedAt = 0;
  #betterAt = 0;
  #stopBetter: (() => void) | undefined;
  #restartUntil = 0;
  /** Since the last Welcome a gateway answered, and asked for another token or a fresh session. */
  #answered = false;
  #rounds = 0;
  #tries = 0;
  #lastReason: Reason = 'unreachable';

  constructor(environment: Environment, routes: Routes, logger: Logger, owner: ConnectionOwner) {
    this.#environment = environment;
    this.#routes = routes;
    this.#owner = owner;
    this.#logger = logger;
    this.#backoff = new Backoff(() => environment.random());
    this.#liveness = new Liveness(environment, {
      ping: () => owner.ping(),
      slow: () => this.#beside(routes.current),
      dead: () => {
        const end = { reason: 'unreachable', next: 'resume', detail: 'no answer to a probe' } as const;
        if (this.#line !== undefined) this.#lineEnded({ ...end, retryAfterMs: 0 }, true);
      },
    });
  }

  get open(): boolean {
    return this.#line !== undefined;
  }

  get congested(): boolean {
    return this.#line?.congested ?? true;
  }

  /** Hands a frame over; dropped unless open. */
  send(frame: Uint8Array | undefined, ack: number): void {
    this.#line?.send(frame, ack);
  }

  /** See `Link.flush`. */
  flush(): void {
    this.#line?.flush();
  }

  /** Opens, at once; ends a pause. Nothing where a line is open or being opened. */
  start(): void {
    if (this.#line === undefined && this.#next === undefined) this.#try(this.#routes.current);
  }

  /** Gives everything up. */
  stop(): void {
    this.#endPause();
    this.#dropNext();
    this.#dropLine();
  }

  /** The connection may be dead, or there may be a way again: tests an open line, ends a pause. */
  probe(): void {
    if (this.#line !== undefined) this.#liveness.probe();
    else if (this.#next !== undefined) {
      if (this.#environment.now() - this.#nextSince > STALE_MS) this.#try(this.#next.route);
    } else if (this.#stopPause !== undefined && !this.#pauseAsked) this.start();
  }

  /** As `probe`; and where an open line is slow to answer, or on a second choice, the next one is opened beside it. */
  networkChanged(): void {
    if (this.#line === undefined) {
      this.probe();
      return;
    }
    this.#liveness.probe(true);
    if (this.#environment.now() - this.#betterAt >= BETTER_MS) this.#improve();
  }

  // The lines.

  /** Opens a line that is to follow the open one, where none is on its way. */
  #beside(route: Route): void {
    if (this.#line !== undefined && this.#next === undefined) this.#try(route);
  }

  /** From a second choice of transport to the first, if it works. */
  #improve(): void {
    const better = this.#line && this.#routes.better(this.#line.route);
    if (better === undefined) return;
    this.#betterAt = this.#environment.now();
    this.#beside(better);
  }

  #try(route: Route): void {
    this.#endPause();
    this.#dropNext();
    if (this.#line === undefined) {
      this.#owner.trying(this.#tries, this.#lastReason);
      this.#tries += 1;
    }
    const patience = Math.min(WELCOME_LAST_MS, WELCOME_MS * 2 ** this.#rounds);
    const line = new Line(this.#environment, route, patience, {
      welcomed: (welcome) => this.#welcomed(line, welcome),
      frame: (frame, bytes) => this.#frame(line, frame, bytes),
      ended: (end) => (line === this.#next ? this.#nextEnded(line, end) : this.#lineEnded(end)),
    });
    this.#next = line;
    this.#nextSince = this.#environment.now();
    this.#logger.debug?.('opening', route);
    void line.open(() => this.#owner.greeting());
  }

  #welcomed(line: Line, welcome: Welcome): void {
    this.#dropLine();
    this.#line = line;
    this.#next = undefined;
    this.#endPause();
    this.#openedAt = this.#environment.now();
    this.#rounds = 0;
    this.#tries = 0;
    this.#answered = false;
    this.#routes.succeeded(line.route);
    const interval = milliseconds(welcome.pingInterval) ?? PING_INTERVAL_MS;
    const timeout = milliseconds(welcome.pongTimeout) ?? PONG_TIMEOUT_MS;
    this.#liveness.start(interval + timeout);
    if (this.#routes.better(line.route) !== undefined)
      this.#stopBetter = this.#environment.after(BETTER_MS, () => this.#improve());
    this.#owner.welcomed(welcome, line.route.transport);
  }

  #frame(line: Line, frame: ServerFrame, bytes: number): void {
    if (line !== this.#line) return;
    this.#liveness.heard();
    if (frame.body.case === 'ping') this.#owner.pong(frame.body.value.id);
    else if (frame.body.case === 'goAway') this.#goAway(frame.body.value);
    else this.#owner.frame(frame, bytes);
  }

  #goAway(goAway: GoAway): void {
    this.#routes.prefer(goAway.endpoints);
    const deadline = milliseconds(goAway.deadline) ?? 0;
    const after = milliseconds(goAway.reconnectAfter) ?? this.#environment.random() * deadline;
    this.#lastReason = reasons.word(goAway.reason);
    this.#stopGoAway?.();
    this.#stopGoAway = this.#environment.after(after, () => {
      this.#leaving = true;
      this.#beside(this.#routes.current);
    });
  }

  #nextEnded(line: Line, end: End): void {
    this.#next = undefined;
    this.#logger.warn(`no connection: ${end.reason}, ${end.next}. ${end.detail}`);
    this.#routes.prefer(end.endpoints ?? []);
    const beside = this.#line !== undefined;
    // A gateway that answers is reached: what it refuses over one transport it refuses over all.
    const unreached = end.reason === 'unreachable' && (!beside || this.#leaving);
    const roundOver = unreached && this.#routes.failed();
    if (roundOver) this.#rounds += 1;
    const elsewhere = unreached && !roundOver;
    if (beside) {
      this.#overtaken ||= line.greeted;
      this.#owner.stays(end);
      if (!this.#leaving) return;
    } else if (!this.#owner.ended(end)) return;
    if (elsewhere) this.#try(this.#routes.current);
    else this.#wait(end);
  }

  /** `now`: the line was given up here, the next one may open without a pause. */
  #lineEnded(told: End, now = false): void {
    const replaced = told.reason === 'replaced';
    const byNext = replaced && this.#next?.greeted === true;
    // Replaced by its own successor; and what became of the session, that one will be told.
    const itself = (replaced && (byNext || this.#overtaken)) || (told.next === 'reconnect' && this.#next);
    const end = itself ? { ...told, next: 'resume' as const } : told;
    this.#dropLine();
    if (this.#environment.now() - this.#openedAt >= STABLE_MS) this.#backoff.reset();
    this.#lastReason = end.reason;
    this.#tries = 0;
    if (end.reason === 'draining') this.#restartUntil = this.#environment.now() + RESTART_MS;
    // Its Welcome is on the way.
    if (byNext) return;
    this.#routes.prefer(end.endpoints ?? []);
    this.#logger.warn(`connection ended: ${end.reason}, ${end.next}. ${end.detail}`);
    if (!this.#owner.ended(end)) return;
    if (this.#next !== undefined) this.#owner.trying(0, end.reason);
    else if (now) this.#try(this.#routes.current);
    else this.#wait(end);
  }

  #wait(end: End): void {
    this.#endPause();
    const restarting = this.#environment.now() < this.#restartUntil;
    // What was a long outage is over, and what the gateway asks for is at hand. Asked for twice, it is another trouble.
    const over = !this.#answered && (end.next === 'reauthenticate' || end.next === 'reconnect');
    this.#answered ||= over;
    const pause = this.#backoff.next(end.retryAfterMs, restarting || over ? SOON_MS : undefined);
    this.#pauseAsked = end.retryAfterMs > 0;
    if (this.#line === undefined) {
      this.#lastReason = end.reason;
      this.#owner.trying(this.#tries, end.reason);
    }
    this.#stopPause = this.#environment.after(pause, () => this.#try(this.#routes.current));
  }

  #endPause(): void {
    this.#stopPause?.();
    this.#stopPause = undefined;
  }

  #dropNext(): void {
    if (this.#next === undefined) return;
    this.#overtaken ||= this.#next.greeted;
    this.#next.close();
    this.#next = undefined;
    if (this.#line !== undefined) this.#owner.stays(undefined);
  }

  #dropLine(): void {
    this.#stopGoAway?.();
    this.#stopGoAway = undefined;
    this.#stopBetter?.();
    this.#stopBetter = undefined;
    this.#leaving = false;
    this.#overtaken = false;
    this.#liveness.stop();
    this.#line?.close();
    this.#line = undefined;
  }
}
