/** Mulberry32: the same numbers from the same seed, in [0, 1). */
export function mulberry(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Time to the next event of a Poisson process. */
function exponential(random: () => number, mean: number): number {
  return -Math.log(1 - random()) * mean;
}

export interface RandomMoments {
  readonly random: () => number;
  readonly perSecond: number;
  readonly isRunning: () => boolean;
  /** @param due when it should happen; in ms of `performance.now` */
  readonly act: (due: number) => void;
}

/** A Poisson process. What should have happened by now happens now. */
export function atRandomMoments({ random, perSecond, isRunning, act }: RandomMoments): void {
  const meanGapMs = 1000 / perSecond;
  let due = performance.now() + exponential(random, meanGapMs);
  const spin = (): void => {
    if (!isRunning()) return;
    const now = performance.now();
    while (due <= now) {
      act(due);
      due += exponential(random, meanGapMs);
    }
    setImmediate(spin);
  };
  spin();
}
