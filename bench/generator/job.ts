import type { Scenario } from '../scenarios.ts';
import type { Protocol } from '../subjects/subject.ts';

/** The server that a generator loads. */
export interface Target {
  readonly protocol: Protocol;
  readonly port: number;
  /** Its process, whose CPU is read. */
  readonly pid: number;
  readonly keyFile: string;
}

/** One round: connect, run up, measure for a while, let everything arrive, disconnect. */
export interface Job {
  readonly target: Target;
  readonly scenario: Scenario;
  /** Of the random moments of an open load: equal for all subjects of a round. */
  readonly seed: number;
  /** Milliseconds of load before the measurement. */
  readonly rampMs: number;
  /** Milliseconds of the measurement. */
  readonly windowMs: number;
  /** How long what is under way may take to arrive once the load has stopped, in milliseconds. */
  readonly patienceMs: number;
}

/** What a round measured, within its window. */
export interface Measurement {
  /** Candidates and descriptions that reached their receivers. */
  readonly relayed: number;
  /** What the scenario counts by: messages or calls. */
  readonly units: number;
  /** CPU time of all threads of the server, in µs. */
  readonly cpuMicros: number;
  readonly seconds: number;
  /** Resident memory of the server at the end, in KiB. */
  readonly residentKib: number;
  /** Of a message: from sending to arrival. Of a call: from the first join to the last candidate. In ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Protocol messages, acknowledgements included: to the server and from it. */
  readonly toServer: number;
  readonly fromServer: number;
}

/** What a generator answers: a measurement, or what was lost or wrong. */
export type Answer =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly message: string };
