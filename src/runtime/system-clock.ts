import type { Clock } from '../core/clock.ts';

/** Nobody ever wakes who waits for it. */
const nothing = new Int32Array(new SharedArrayBuffer(4));

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon(run) {
    setImmediate(run);
  },
  next(run) {
    queueMicrotask(run);
  },
  rest(milliseconds) {
    Atomics.wait(nothing, 0, 0, milliseconds);
  },
};
