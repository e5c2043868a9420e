import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves once `condition` holds; rejects with its description after `deadlineMs`. */
export async function waitUntil(
  condition: () => boolean,
  description: string,
  deadlineMs = 5000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${description}`);
    await sleep(2);
  }
}
