import { markdown } from './table.ts';

/** What of a `.cpuprofile` is read here: V8's format. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      /** From 0. */
      readonly lineNumber: number;
    };
  }[];
  /** Ids of nodes, and the time before each sample in µs. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const mostRows = 20;
/** Modules are loaded and code is compiled then, in µs. */
const startUpMicros = 3_000_000;
/** Not work. */
const idle = '(idle)';

/**
 * A Markdown table of the functions that took the most time themselves, after the start of the process; shares are of
 * the time that was not idle.
 */
export function profileTable({ nodes, samples, timeDeltas }: CpuProfile, root: string): string {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame, root)]));
  const micros = new Map<string, number>();
  let now = 0;
  for (const [index, id] of samples.entries()) {
    const took = timeDeltas[index] ?? 0;
    now += took;
    const place = places.get(id);
    if (now < startUpMicros || place === undefined || place.startsWith(idle)) continue;
    micros.set(place, (micros.get(place) ?? 0) + took);
  }
  const busy = [...micros.values()].reduce((sum, value) => sum + value, 0);
  const rows = [...micros].sort(([, a], [, b]) => b - a).slice(0, mostRows);
  return markdown([
    ['share', 'ms', 'function'],
    ...rows.map(([place, took]) => [
      `${((took / busy) * 100).toFixed(1)} %`,
      (took / 1000).toFixed(0),
      place,
    ]),
  ]);
}

function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame'], root: string) {
  const name = functionName || '(anonymous)';
  if (url === '') return name;
  const path = url.replace('file://', '').replace(root, '');
  return `${name} ${path}:${lineNumber + 1}`;
}
