import type { Environment } from './environment.ts';

/** A probe that is not answered by then says that the connection is dead. */
const PROBE_MS = 2_000;
/** … and where the network is known to have changed, by then that it may be. */
const SLOW_MS = 500;

/** What a probe asks for, and says. */
export interface Pulse {
  /** Asks the gateway for a sign. */
  ping(): void;
  /** None came yet, after a hint. */
  slow(): void;
  /** None came. */
  dead(): void;
}

/**
 * Watches whether a connection still brings something. The gateway pings, so silence beyond its interval is suspicious:
 * then, and when the application or the browser hints at a change of network, a probe decides.
 */
export class Liveness {
  readonly #environment: Environment;
  readonly #pulse: Pulse;
  #received = 0;
  #silenceMs = 0;
  #stopWatch: (() => void) | undefined;
  #stopProbe: (() => void) | undefined;

  constructor(environment: Environment, pulse: Pulse) {
    this.#environment = environment;
    this.#pulse = pulse;
  }

  /** A connection is open whose gateway speaks at least once in `silenceMs`. */
  start(silenceMs: number): void {
    this.stop();
    this.#silenceMs = silenceMs;
    this.#watch();
  }

  stop(): void {
    this.#stopWatch?.();
    this.#stopProbe?.();
    this.#stopWatch = undefined;
    this.#stopProbe = undefined;
  }

  /** Something came. */
  heard(): void {
    this.#received += 1;
  }

  /** Tests the connection now. One probe at a time. `hinted`: by a change of the network. */
  probe(hinted = false): void {
    if (this.#stopWatch === undefined || this.#stopProbe !== undefined) return;
    const before = this.#received;
    const silent = () => this.#received === before;
    this.#pulse.ping();
    const judge = (ms: number) => {
      this.#stopProbe = this.#environment.after(ms, () => {
        this.#stopProbe = undefined;
        if (silent()) this.#pulse.dead();
      });
    };
    if (!hinted) {
      judge(PROBE_MS);
      return;
    }
    this.#stopProbe = this.#environment.after(SLOW_MS, () => {
      if (!silent()) {
        this.#stopProbe = undefined;
        return;
      }
      judge(PROBE_MS - SLOW_MS);
      this.#pulse.slow();
    });
  }

  #watch(): void {
    const before = this.#received;
    this.#stopWatch = this.#environment.after(this.#silenceMs, () => {
      if (this.#received === before) this.probe();
      this.#watch();
    });
  }
}
