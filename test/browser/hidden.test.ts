import { beforeAll, describe, expect, it } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { chromiumPath } from './chromium.ts';
import { runHidden } from './hidden-run.ts';

const executable = chromiumPath();

/** The short form of `npm run test:hidden`. Chromium throttles to a timer a second at once, to one a minute after a minute. */
describe.skipIf(executable === undefined)('clients that nobody looks at', () => {
  beforeAll(() => buildWeb());

  it('stay ACTIVE in hidden tabs; are kept where they asked for it, and gone in the window where not', async () => {
    const limits = { pingIntervalMs: 2_000, pongTimeoutMs: 2_000, resumeWindowMs: 3_000 };
    const report = await runHidden({
      hiddenMs: 80_000,
      suspendedMs: 20_000,
      callMs: 15_000,
      limits,
      executable: executable ?? '',
      tell: () => {},
    });
    expect(report.violations).toEqual([]);
    expect(report.throttledMs).toBeGreaterThan(10_000);
    // Ping, Pong and window, and a look a second at the first two.
    expect(Math.max(...report.awayAfterMs)).toBeLessThan(6_500);
    expect(Math.max(...report.goneAfterMs)).toBeLessThan(9_500);
  }, 150_000);
});
