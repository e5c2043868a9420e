import type { Scenario } from '../scenarios/scenario.ts';

/** How long and how often. */
export interface Pace {
  /** Measured rounds of each scenario; each has all its subjects, one after the other. */
  readonly rounds: number;
  /** Load before the unmeasured first round of a scenario: until servers and generators run compiled code. */
  readonly warmUpMs: number;
  /** Load before each measurement. */
  readonly rampMs: number;
  readonly windowMs: number;
  /** No load, before memory is read. */
  readonly settleMs: number;
}

/** Seconds that things take beside the load itself, about, on two cores. */
const startSeconds = 0.8;
const connectSeconds = 0.0008;
const settleSeconds = 0.1;

/** A scenario may have its own number of rounds, but never more than the pace says. */
export function roundsOf({ rounds }: Scenario, pace: Pace): number {
  return Math.min(rounds ?? pace.rounds, pace.rounds);
}

/** How long the scenarios will take, about, in seconds. `names` of the subjects that run at all. */
export function expectedSeconds(
  scenarios: readonly Scenario[],
  names: readonly string[],
  pace: Pace,
): number {
  let seconds = names.length * startSeconds;
  for (const scenario of scenarios) {
    const subjects = scenario.subjects.filter((name) => names.includes(name)).length;
    seconds += subjects * secondsOf(scenario, pace);
  }
  return seconds;
}

/** For one subject. */
function secondsOf(scenario: Scenario, pace: Pace): number {
  const { load, connections, fresh } = scenario;
  const rounds = roundsOf(scenario, pace);
  const connect = connections * connectSeconds;
  const ramp = pace.rampMs / 1000;
  const window = pace.windowMs / 1000;
  const warmUp = pace.warmUpMs / 1000;
  switch (load.kind) {
    case 'start':
      return rounds * startSeconds;
    case 'idle':
      return rounds * (startSeconds + 2 * (connect + pace.settleMs / 1000));
    case 'storm':
      return rounds * (startSeconds + 2 * connect + 2);
    case 'dial-in':
      return warmUp + rounds * ramp + (rounds + 1) * (2 * connect + 0.5);
    case 'fan-out':
      return connect + (rounds + 1) * (Math.max(window, load.tickMs / 1000) + settleSeconds);
    default:
      return (fresh ? rounds : 1) * connect + warmUp + window + rounds * (ramp + window + settleSeconds);
  }
}
