import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { Theatre } from './screenshots/theatre.ts';

const MOST_BYTES = 150 * 1024;
const MOST_MS = 1_000;
const LOADS = 3;

describe.skipIf(chromiumPath() === undefined)('the first load', () => {
  let theatre: Theatre;

  beforeAll(async () => {
    theatre = await Theatre.open();
  });
  afterAll(() => theatre?.close());

  it(`takes at most ${MOST_BYTES / 1024} KB, compressed, and can be used within a second`, async () => {
    const times: number[] = [];
    let bytes = new Map<string, number>();
    for (let load = 0; load < LOADS; load++) {
      const page = await (await theatre.context()).newPage();
      const client = await page.context().newCDPSession(page);
      const paths = new Map<string, string>();
      bytes = new Map();
      await client.send('Network.enable');
      client.on('Network.responseReceived', ({ requestId, response }) => {
        paths.set(requestId, new URL(response.url).pathname);
      });
      // What came over the wire, with headers.
      client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
        bytes.set(paths.get(requestId) ?? requestId, encodedDataLength);
      });
      await page.goto(theatre.url, { waitUntil: 'networkidle' });
      times.push(
        await page.evaluate(() => {
          const [navigation] = performance.getEntriesByType('navigation');
          return (navigation as PerformanceNavigationTiming).domContentLoadedEventEnd;
        }),
      );
      // Scripts are modules: they have run by then, and the button is there.
      expect(await page.isEnabled('#join-with')).toBe(true);
    }
    await theatre.clean();
    const sum = [...bytes.values()].reduce((total, size) => total + size, 0);
    times.sort((a, b) => a - b);
    const median = times[Math.floor(LOADS / 2)] ?? Number.POSITIVE_INFINITY;
    const each = [...bytes].map(([path, size]) => `${path} ${(size / 1024).toFixed(1)}`).join(', ');
    console.log(`first load: ${(sum / 1024).toFixed(1)} KB (${each}); usable after ${median.toFixed(0)} ms`);
    expect([...bytes.keys()]).toEqual(
      expect.arrayContaining(['/', '/main.js', '/style.css', '/sdk/signalbox.js']),
    );
    expect(sum).toBeLessThanOrEqual(MOST_BYTES);
    expect(median).toBeLessThanOrEqual(MOST_MS);
  });
});
