import type { Environment } from './environment.ts';

/** A probe that is not answered by then says that the connection is dead. */
const PROBE_MS = 2_000;

/**
 * Watches whether a connection still brings something. The gateway pings, so silence beyond its interval is suspicious:
 * then, and when the application or the browser hints at a change of network, a probe decides.
 */
export class Liveness {
  readonly #environment: Environment;
  readonly #ping: () => void;
  readonly #dead: () => void;
  #received = 0;
  #silenceMs = 0;
  #stopWatch: (() => void) | undefined;
  #stopProbe: (() => void) | undefined;

  /** `ping` asks the gateway for a sign; `dead` tells that none came. */
  constructor(environment: Environment, ping: () => void, dead: () => void) {
    this.#environment = environment;
    this.#ping = ping;
    this.#dead = dead;
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

  /** Tests the connection now. One probe at a time. */
  probe(): void {
    if (this.#stopWatch === undefined || this.#stopProbe !== undefined) return;
    const before = this.#received;
    this.#ping();
    this.#stopProbe = this.#environment.after(PROBE_MS, () => {
      this.#stopProbe = undefined;
      if (this.#received === before) this.#dead();
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
