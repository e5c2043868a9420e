import type { Random } from '../property/fuzz/random.ts';

/** What is fed to a target in one execution: segments, frames or messages one after another, as the target says. */
export type Input = readonly Uint8Array[];

export interface Verdict {
  /** `accepted`, `accepted …`, or how it was refused. Few different ones: they are counted. */
  readonly kind: string;
  /** A sentence where the code under test did what it must not. */
  readonly violation?: string;
}

/** A target that is ready. One at a time in a process. */
export interface OpenTarget {
  /** Valid inputs, recorded or made: what mutation begins with. */
  readonly seeds: readonly Input[];
  /** Executions at once. */
  readonly width: number;
  /** CPU time of this process that one input may cost, in milliseconds. */
  readonly costMs: number;
  /** The parts of an input are pieces of one stream of bytes: an input in one piece is as good. */
  readonly isStream?: boolean;
  /** A new input. Depends on nothing but its arguments. */
  generate(random: Random, pool: readonly Input[]): Input;
  run(input: Input): Promise<Verdict>;
  /** What went wrong beside an answer since the last call: exceptions that nobody caught, errors that were logged. */
  faults(): readonly string[];
  /** Called about once a second: throws where those who have no part in it are disturbed. */
  check(): Promise<void>;
  /** Ends it. Throws where something is left. */
  close(): Promise<void>;
}

export interface FuzzTarget {
  readonly name: string;
  open(): Promise<OpenTarget>;
}
