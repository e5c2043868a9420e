import type { Schedule } from './schedule.ts';

/** Timers are up to so much late, in milliseconds: from there on the process looks at the clock itself. */
const TIMER_MS = 1.5;
/** It looks up so often, though nothing is due: it may have been stopped. */
const LOOK_MS = 100;

/** Calls `act` with each due time when it has come, or as soon after it as the process can. Done at its end, or when stopped. */
export async function pace(
  schedule: Schedule,
  act: (due: number) => void,
  stop: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<void> {
  while (!stop.aborted) {
    const time = now();
    while (schedule.due !== undefined && schedule.due <= time) {
      act(schedule.due);
      schedule.advance();
    }
    if (schedule.due === undefined) return;
    await pause(schedule.due - time);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms < TIMER_MS) setImmediate(resolve);
    else setTimeout(resolve, Math.min(LOOK_MS, ms - TIMER_MS));
  });
}
