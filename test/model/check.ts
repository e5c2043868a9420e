import fc from 'fast-check';
import type { Core } from './core.ts';
import { interleavingProperty } from './interleavings.ts';
import type { Mutant } from './mutant.ts';
import { sequenceProperty } from './sequences.ts';
import type { Tally } from './tally.ts';

export type Kind = Mutant['by'];

/** How many runs CI has. */
export const ciRuns: Readonly<Record<Kind, number>> = { sequences: 2000, interleavings: 1000 };

/** How many runs a mutant may take to be found, at most. A few rules matter only where two rare things meet. */
export const mutantRuns: Readonly<Record<Kind, number>> = { sequences: 2000, interleavings: 5000 };

/** A run that broke a promise, shrunk. */
export interface Finding {
  readonly kind: Kind;
  readonly seed: number;
  /** Number of the run that failed, from 1. */
  readonly run: number;
  /** Commands that are left of it. */
  readonly length: number;
  /** What it broke. */
  readonly broken: string;
  /** The commands and the setting, as JSON. */
  readonly counterexample: string;
}

/** The seed of a run that was given none: another one each time. */
export function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

/** Plays so many runs; undefined: all of them kept every promise. */
export async function check(
  kind: Kind,
  core: Core,
  seed: number,
  runs: number,
  tally?: Tally,
): Promise<Finding | undefined> {
  // Properties differ in what they are given; the first two are the commands and the setting.
  const property = (
    kind === 'sequences' ? sequenceProperty(core, tally) : interleavingProperty(core, tally)
  ) as fc.IAsyncProperty<unknown[]>;
  const { failed, counterexample, counterexamplePath, errorInstance } = await fc.check(property, {
    numRuns: runs,
    seed,
  });
  if (!failed) return undefined;
  const [commands, setting] = counterexample ?? [];
  return {
    kind,
    seed,
    run: Number.parseInt(counterexamplePath ?? '0', 10) + 1,
    length: Array.isArray(commands) ? commands.length : 0,
    broken: errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    counterexample: JSON.stringify([commands, setting]),
  };
}

/** What a failed test says. */
export function describeFinding({ kind, seed, run, length, broken, counterexample }: Finding): string {
  return [
    `run ${run} of the ${kind} with seed ${seed} broke a promise; ${length} commands are left of it:`,
    counterexample,
    broken,
    `again: npm run test:model -- --only ${kind} --${kind} ${run} --seed ${seed}`,
  ].join('\n');
}
