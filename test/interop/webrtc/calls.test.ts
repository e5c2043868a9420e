import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWeb } from '../../../scripts/build-web.ts';
import { chromiumPath } from '../../browser/chromium.ts';
import { startBrowser } from '../../browser/kit.ts';
import { call, callKinds, nameOf, renegotiateAtOnce } from './calls.ts';
import { startGateway } from './gateway.ts';

// `npm run test:calls -- --rounds 20 --renegotiate 100` is the whole of it.
const ROUNDS = 2;
const RENEGOTIATIONS = 10;

describe.skipIf(chromiumPath() === undefined)('calls between a browser and native clients', () => {
  beforeAll(() => buildWeb());

  it.each(callKinds.map((kind) => [nameOf(kind), kind] as const))(
    '%s: a data channel opens and carries bytes both ways',
    async (_name, kind) => {
      const ground = { browser: await startBrowser(), url: await gateway() };
      for (let round = 1; round <= ROUNDS; round += 1) expect(await call(ground, kind)).toBeGreaterThan(0);
    },
    60_000,
  );

  it.each(callKinds.filter(({ first }) => first === 'node').map((kind) => [nameOf(kind), kind] as const))(
    '%s: both renegotiate at once and stay connected',
    async (_name, kind) => {
      const ground = { browser: await startBrowser(), url: await gateway() };
      const { connected } = await renegotiateAtOnce(ground, kind, RENEGOTIATIONS);
      expect(connected).toBe(RENEGOTIATIONS);
    },
    60_000,
  );
});

async function gateway(): Promise<string> {
  const { url, close } = await startGateway();
  onTestFinished(() => close());
  return url;
}
