import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

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

export default defineConfig({
  test: {
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
