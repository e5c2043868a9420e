import type { ScenarioRounds } from '../harness/bench.ts';
import { type Measurement, type MetricName, metrics } from '../metrics.ts';
import { median, type Spread, spread } from './statistics.ts';

/** One line of `--json`. */
export interface Result {
  readonly scenario: string;
  readonly subject: string;
  readonly metric: MetricName;
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

/** Medians over rounds, and ratios that are paired: each round's value to the reference's in the same round. */
export function resultsOf(
  { scenario, rounds }: ScenarioRounds,
  reference: string,
): readonly DetailedResult[] {
  const base = rounds.get(reference) ?? [];
  return [...rounds].flatMap(([subject, measurements]) =>
    metricsOf(measurements).map((metric): DetailedResult => {
      const ratios = pairedRatios(measurements, base, metric);
      return {
        scenario: scenario.name,
        subject,
        metric,
        unit: metrics[metric](scenario.unit),
        ...spread(valuesOf(measurements, metric)),
        ratio_to_classic: ratios.length === 0 ? null : median(ratios),
        ratios: ratios.length === 0 ? undefined : spread(ratios),
      };
    }),
  );
}

/** The values of one metric, over the values of `base` in the same rounds. */
export function pairedRatios(
  measurements: readonly Measurement[],
  base: readonly Measurement[],
  metric: MetricName,
): readonly number[] {
  const ratios = measurements.map((measurement, round) => ratio(measurement[metric], base[round]?.[metric]));
  return ratios.filter(Number.isFinite);
}

export function valuesOf(measurements: readonly Measurement[], metric: MetricName): readonly number[] {
  return measurements.map((measurement) => measurement[metric]).filter((value) => value !== undefined);
}

export function toJson(results: readonly DetailedResult[]): string {
  const rows: Result[] = results.map(({ ratios: _, ...result }) => result);
  return `${JSON.stringify(rows, null, 2)}\n`;
}

/** What was measured at all, in the order of the list. */
function metricsOf(measurements: readonly Measurement[]): readonly MetricName[] {
  const names = Object.keys(metrics) as MetricName[];
  return names.filter((name) => measurements.some((measurement) => measurement[name] !== undefined));
}

function ratio(value: number | undefined, base: number | undefined): number {
  return (value ?? Number.NaN) / (base ?? 0);
}
