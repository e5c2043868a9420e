/** A connection that nobody answered, or that finds no path, is called failed after this long. */
const CONNECT_MS = 30_000;
/** Time before each attempt to mend a failed connection; the last one repeats. */
const MEND_MS = [0, 5_000, 10_000, 20_000, 30_000];
/** Attempts by ICE restart before the connection is made anew. */
const ICE_RESTARTS = 2;

/** What a mender may do. */
export interface Patient {
  /** Nothing needs to be mended. */
  isWell(): boolean;
  /** An ICE restart may help. */
  isMendable(): boolean;
  restartIce(): void;
  /** Makes a new connection in the place of this one. */
  renew(): void;
  /** Nothing came of connecting in all the time it had. */
  timedOut(): void;
}

/** Tries to bring a connection back, and again while it fails: by ICE restart first, then by a new connection. */
export class Mender {
  readonly #patient: Patient;
  #attempts = 0;
  #connectTimer: ReturnType<typeof setTimeout> | undefined;
  #mendTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(patient: Patient) {
    this.#patient = patient;
  }

  /** Connecting has begun. */
  watch(): void {
    clearTimeout(this.#connectTimer);
    this.#connectTimer = setTimeout(() => {
      if (!this.#patient.isWell()) this.#patient.timedOut();
    }, CONNECT_MS);
  }

  /** The connection has failed. */
  mend(): void {
    if (this.#mendTimer !== undefined) return;
    const wait = MEND_MS[Math.min(this.#attempts, MEND_MS.length - 1)] ?? 0;
    this.#mendTimer = setTimeout(() => {
      this.#mendTimer = undefined;
      if (this.#patient.isWell()) return;
      this.#attempts += 1;
      if (!this.#patient.isMendable() || this.#attempts > ICE_RESTARTS) {
        this.#patient.renew();
        return;
      }
      this.#patient.restartIce();
      this.mend();
    }, wait);
  }

  /** All is well. */
  healed(): void {
    this.pause();
    this.#attempts = 0;
  }

  /** The connection is gone, or about to be replaced. How often it was tried is remembered. */
  pause(): void {
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#mendTimer);
    this.#mendTimer = undefined;
  }
}
