/** Time as the core sees it. Injected: nothing in the core reads a clock or sets a timer of its own. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Calls `run` once after `milliseconds`; the returned function cancels it. Never keeps the process alive. */
  after(milliseconds: number, run: () => void): Cancel;
  /** Calls `run` at the end of this tick, after all input that is already there was handled. */
  soon(run: () => void): void;
  /** Calls `run` as soon as what runs now has returned, before other input is handled. */
  next(run: () => void): void;
  /** Does nothing for so long, a millisecond or less: nothing is read, and nothing else runs. */
  rest(milliseconds: number): void;
}

export type Cancel = () => void;
