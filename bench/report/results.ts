import type { Measurement } from '../generator/job.ts';
import type { ScenarioRounds } from '../harness/bench.ts';
import type { Scenario } from '../scenarios.ts';
import { median, type Spread, spread } from './statistics.ts';

/** One line of `--json`. */
export interface Result {
  readonly scenario: string;
  readonly subject: string;
  readonly metric: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median of the ratios to the classic server in the same round; null where it was not measured, or showed 0. */
  readonly ratio_to_classic: number | null;
}

/** A result with the spread of its ratios, for the table. */
export interface DetailedResult extends Result {
  readonly ratios: Spread | undefined;
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  of(measurement: Measurement): number;
}

/** Of each scenario; the first is what it is about. */
export function metricsOf({ unit }: Pick<Scenario, 'unit'>): readonly Metric[] {
  return [
    { name: 'server_cpu', unit: `µs/${unit}`, of: ({ cpuMicros, units }) => cpuMicros / units },
    { name: 'server_cpu_relayed', unit: 'µs/relayed message', of: (all) => all.cpuMicros / all.relayed },
    { name: 'latency_p50', unit: 'ms', of: ({ p50Ms }) => p50Ms },
    { name: 'latency_p99', unit: 'ms', of: ({ p99Ms }) => p99Ms },
    { name: 'rate', unit: `${unit}s/s`, of: ({ units, seconds }) => units / seconds },
    { name: 'to_server', unit: `messages/${unit}`, of: ({ toServer, units }) => toServer / units },
    { name: 'from_server', unit: `messages/${unit}`, of: ({ fromServer, units }) => fromServer / units },
    { name: 'resident', unit: 'MiB', of: ({ residentKib }) => residentKib / 1024 },
  ];
}

/** Medians over rounds, and ratios that are paired: each round's value to the reference's in the same round. */
export function resultsOf(
  { scenario, rounds }: ScenarioRounds,
  reference: string,
): readonly DetailedResult[] {
  const base = rounds.get(reference);
  return [...rounds].flatMap(([subject, measurements]) =>
    metricsOf(scenario).map(({ name, unit, of }) => {
      const values = measurements.map(of);
      const baseValues = base?.map(of) ?? [];
      const ratios = values.map((value, round) => value / (baseValues[round] ?? 0)).filter(Number.isFinite);
      return {
        scenario: scenario.name,
        subject,
        metric: name,
        unit,
        ...spread(values),
        ratio_to_classic: ratios.length === 0 ? null : median(ratios),
        ratios: ratios.length === 0 ? undefined : spread(ratios),
      };
    }),
  );
}

export function toJson(results: readonly DetailedResult[]): string {
  const rows: Result[] = results.map(({ ratios: _, ...result }) => result);
  return `${JSON.stringify(rows, null, 2)}\n`;
}
