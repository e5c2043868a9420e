import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Vitest leaves a core to itself, and has nothing to do while it waits: on two cores that would be one worker. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

/** Suites that measure time, or load both cores: one after the other, behind all others. */
const alone = [
  'test/browser/call.test.ts',
  'test/browser/cable.test.ts',
  'test/page/life.test.ts',
  'test/page/load.test.ts',
  'test/page/outage.test.ts',
  'test/page/speed.test.ts',
  'test/fault/slow-readers.test.ts',
  'test/flood/**/*.test.ts',
  'test/fuzz/**/*.test.ts',
  'test/hostile/**/*.test.ts',
];
/** Suites of processes that send at a rate, and mostly wait: two at a time. */
const faults = ['test/fault/**/*.test.ts'];
/** Suites that start browsers: two at a time. */
const browsers = ['test/browser/**/*.test.ts', 'test/interop/**/*.test.ts', 'test/page/**/*.test.ts'];

/** Those of each group that take longest begin first: else one of them runs alone at the end, while the other core waits. */
const longest = new Set([
  'test/soak/soak.test.ts',
  'test/bench/bench.test.ts',
  'test/load/gateway.test.ts',
  'test/browser/hidden.test.ts',
  'test/page/rooms.test.ts',
  'test/fault/processes.test.ts',
  'test/fault/links.test.ts',
]);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => longest.has(relative(import.meta.dirname, moduleId));
    const place = (file: TestSpecification) =>
      2 * file.project.config.sequence.groupOrder + (isLong(file) ? 0 : 1);
    return sorted.sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...alone, ...faults, ...browsers],
          maxWorkers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browsers',
          include: browsers,
          exclude: alone,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'faults', include: faults, exclude: alone, maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, fileParallelism: false, sequence: { groupOrder: 3 } },
      },
    ],
  },
});
