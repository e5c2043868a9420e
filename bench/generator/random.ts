import type { Random } from '../../src/load/random.ts';

/** Time to the next event of a Poisson process. */
function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random()) * mean;
}

export interface RandomMoments {
  readonly random: Random;
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
