import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Suites that measure time, start browsers or load both cores: one after the other, after the others. */
const alone = [
  // Those that wait for a minute at a time go with the others.
  'test/browser/!(hidden).test.ts',
  'test/page/**/*.test.ts',
  'test/interop/**/*.test.ts',
  'test/hostile/**/*.test.ts',
  'test/fuzz/**/*.test.ts',
  'test/fault/**/*.test.ts',
  'test/flood/**/*.test.ts',
];

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
          exclude: alone,
          // Vitest leaves a core to itself, and has nothing to do while it waits: on two cores that would be one worker.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
