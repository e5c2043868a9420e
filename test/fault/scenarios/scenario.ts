import type { RunReport } from '../report.ts';

export interface ScenarioOptions {
  readonly rounds: number;
  readonly sessions: number;
  readonly signalsPerSecond: number;
  readonly seed: number;
}

/** A run of a fleet in which something goes wrong again and again. */
export type Scenario = (options: ScenarioOptions) => Promise<RunReport>;
