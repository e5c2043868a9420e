/** Longest delay that Node's timers take; beyond it they fire at once. */
const longestDelay = 2 ** 31 - 1;

/**
 * Runs `action` once after `delayMs`; returns what stops it. A delay beyond Node's 24.8 days never comes: no stream
 * lives that long.
 */
export function startTimer(delayMs: number, action: () => void): () => void {
  if (delayMs > longestDelay) return () => {};
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
}
