import { expect, test } from 'vitest';
import { breachesOf } from './bounds.ts';
import { floodNames, runFlood } from './flood-run.ts';

test.each(floodNames)(
  'a flood (%s) is cut within two seconds, and neighbours go on talking',
  { timeout: 60_000 },
  async (flood) => {
    const report = await runFlood({ flood, durationMs: 3_000, quietMs: 0 });
    expect(breachesOf(report)).toEqual([]);
  },
);
