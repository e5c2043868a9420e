import type { Goal } from '../goals.ts';
import type { ScenarioRounds } from '../harness/bench.ts';
import { metrics } from '../metrics.ts';
import { number } from './format.ts';
import { pairedRatios, valuesOf } from './results.ts';
import { median } from './statistics.ts';
import { markdown } from './table.ts';

/** What became of a goal. */
export interface Verdict {
  readonly goal: Goal;
  /** Median of the values, or of the paired ratios; undefined: one of the subjects was not measured. */
  readonly reached: number | undefined;
}

/** Of the goals of these scenarios; a goal that is missed is told, and nothing else follows from it. */
export function verdictsOf(goals: readonly Goal[], all: readonly ScenarioRounds[]): readonly Verdict[] {
  return all.flatMap(({ scenario, rounds }) =>
    goals
      .filter((goal) => goal.scenario === scenario.name)
      .map((goal) => ({ goal, reached: reachedOf(goal, rounds) })),
  );
}

/** A Markdown table of them, with the number of those that are met. */
export function verdictTable(verdicts: readonly Verdict[], all: readonly ScenarioRounds[]): string {
  if (verdicts.length === 0) return '';
  const units = new Map(all.map(({ scenario }) => [scenario.name, scenario.unit]));
  const rows = verdicts.map(({ goal, reached }) => {
    const { scenario, subject, metric, against, bound } = goal;
    const unit = against === undefined ? metrics[metric](units.get(scenario) ?? 'message') : `× ${against}`;
    return [scenario, subject, metric, `≤ ${bound} ${unit}`, number(reached), outcomeOf(bound, reached)];
  });
  const met = verdicts.filter(({ goal, reached }) => reached !== undefined && reached <= goal.bound).length;
  const heading = ['scenario', 'subject', 'metric', 'goal', 'reached', 'verdict'];
  return `${markdown([heading, ...rows])}\nGoals met: ${met} of ${verdicts.length}.\n`;
}

function reachedOf({ subject, against, metric }: Goal, rounds: ScenarioRounds['rounds']): number | undefined {
  const measurements = rounds.get(subject) ?? [];
  const values =
    against === undefined
      ? valuesOf(measurements, metric)
      : pairedRatios(measurements, rounds.get(against) ?? [], metric);
  return values.length === 0 ? undefined : median(values);
}

function outcomeOf(bound: number, reached: number | undefined): string {
  if (reached === undefined) return 'not measured';
  if (reached <= bound) return 'goal met';
  return `goal missed by ${number(reached - bound)} (${Math.round((reached / bound - 1) * 100)} %)`;
}
