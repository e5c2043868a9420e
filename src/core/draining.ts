import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { GoAwaySchema } from '../../gen/signalbox/v1/session_pb.ts';
import type { Cancel, Clock } from './clock.ts';
import type { Session } from './session/session.ts';
import { Turns } from './turns.ts';

export interface DrainOptions {
  /** Every connection ends then, in milliseconds from now. */
  readonly deadlineMs: number;
  /** The drain lasts at least so long, though nobody is connected: balancers learn of it late. In milliseconds. */
  readonly graceMs: number;
  /** Addresses that clients may go to; none: they come back to the address that they know. */
  readonly endpoints: readonly string[];
  /** Behind that address is nobody else: clients stay to the end, and come back after it. */
  readonly alone: boolean;
}

/**
 * When the first client whose connection was ended comes back, and over how long they do: at least so long, and 5,000 a second,
 * in milliseconds.
 */
const comeBack = { fromMs: 100, leastSpreadMs: 400, eachMs: 0.2 } as const;

/** Clients that move do so in this share of the time: what goes wrong then can be tried again. */
const moveShare = 0.5;

/**
 * The time between "go away" and the end of all connections. Each client is given a time of its own to reconnect at; one that
 * comes meanwhile is told so too.
 */
export class Draining {
  /** Resolves when nobody is connected any more, though not before the grace, and at the deadline whatever there is. */
  readonly over: Promise<void>;
  readonly #clock: Clock;
  readonly #options: DrainOptions;
  readonly #turns = new Turns();
  readonly #deadlineAt: number;
  readonly #timers: readonly Cancel[];
  readonly #connections: () => number;
  readonly #spreadMs: number;
  readonly #told = new Set<Session>();
  #graceIsOver = false;
  #finish: () => void = () => {};

  /** `connections`: how many there are at the moment. */
  constructor(clock: Clock, options: DrainOptions, connections: () => number) {
    this.#clock = clock;
    this.#options = options;
    this.#connections = connections;
    this.#spreadMs = Math.max(comeBack.leastSpreadMs, connections() * comeBack.eachMs);
    this.#deadlineAt = clock.now() + options.deadlineMs;
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const afterGrace = (): void => {
      this.#graceIsOver = true;
      this.connectionEnded();
    };
    this.#timers = [
      clock.after(options.graceMs, afterGrace),
      clock.after(options.deadlineMs, () => this.end()),
    ];
  }

  get endpoints(): readonly string[] {
    return this.#options.endpoints;
  }

  /**
   * Tells a client to go, and when. One that has come during the drain was sent here by somebody who does not know of it yet:
   * without another address it would only come here again.
   */
  tell(session: Session, hasJustCome: boolean): void {
    this.#told.add(session);
    const leftMs = Math.max(0, this.#deadlineAt - this.#clock.now());
    const { endpoints, alone } = this.#options;
    const moves = endpoints.length > 0 || !(alone || hasJustCome);
    const afterMs = moves ? this.#turns.next() * moveShare * leftMs : leftMs + this.comeBackMs();
    const value = create(GoAwaySchema, {
      deadline: durationFromMs(leftMs),
      reconnectAfter: durationFromMs(Math.round(afterMs)),
      endpoints: [...endpoints],
      reason: Reason.DRAINING,
    });
    session.outgoing.tell({ case: 'goAway', value });
  }

  /** How long a client whose connection is ended waits, in milliseconds. */
  comeBackMs(): number {
    return comeBack.fromMs + Math.round(this.#turns.next() * this.#spreadMs);
  }

  /** Those who were told of other addresses and have left: they live there now, and not here. */
  gone(): Session[] {
    if (this.#options.endpoints.length === 0) return [];
    return [...this.#told].filter(({ state }) => state.kind === 'detached');
  }

  /** Somebody has gone. */
  connectionEnded(): void {
    if (this.#graceIsOver && this.#connections() === 0) this.end();
  }

  /** It is over, whatever there is. */
  end(): void {
    for (const cancel of this.#timers) cancel();
    this.#finish();
  }
}
