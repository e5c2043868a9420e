import type { Measurement } from '../metrics.ts';
import type { Load, Scenario } from '../scenarios/scenario.ts';
import type { Protocol } from '../subjects/subject.ts';

/** The server that a generator loads. */
export interface Target {
  readonly protocol: Protocol;
  readonly port: number;
  /** It listens with TLS. */
  readonly secure: boolean;
  /** Its process, whose CPU is read. */
  readonly pid: number;
  readonly keyFile: string;
}

/** One round of a scenario. The first one opens the connections; they stay until the end of the scenario. */
export interface Job {
  readonly target: Target;
  readonly scenario: Scenario<Load>;
  /** Of the random moments of an open load: equal for all subjects of a round. */
  readonly seed: number;
  /** Milliseconds of load before the measurement. */
  readonly rampMs: number;
  /** Milliseconds of the measurement, where the load goes on. */
  readonly windowMs: number;
  /** Milliseconds without load before memory is read. */
  readonly settleMs: number;
  /** How long what is under way may take to arrive once the load has stopped, in milliseconds. */
  readonly patienceMs: number;
}

/** What a generator is told. */
export type Order = { readonly kind: 'measure'; readonly job: Job } | { readonly kind: 'end' };

/** What it answers: a measurement, what was lost or wrong, or that the connections are closed. */
export type Answer =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'ended' };
