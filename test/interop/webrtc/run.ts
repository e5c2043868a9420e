import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { buildWeb } from '../../../scripts/build-web.ts';
import { BROWSER_ARGUMENTS, chromiumPath } from '../../browser/chromium.ts';
import { call, callKinds, nameOf, renegotiateAtOnce } from './calls.ts';
import { startGateway } from './gateway.ts';

// npm run test:calls -- --rounds 20 --renegotiate 100
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    renegotiate: { type: 'string', default: '100' },
  },
});
const rounds = Number(values.rounds);
const times = Number(values.renegotiate);
const executablePath = chromiumPath();
if (executablePath === undefined) process.exit(1);

await buildWeb();
const { url, close } = await startGateway();
const browser = await chromium.launch({ executablePath, args: BROWSER_ARGUMENTS });
const ground = { browser, url };
let failures = 0;
for (const kind of callKinds) {
  const setUps: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    try {
      setUps.push(await call(ground, kind));
    } catch (error) {
      console.error(`  round ${round}: ${error instanceof Error ? error.message : error}`);
    }
  }
  failures += rounds - setUps.length;
  const median = setUps.sort((a, b) => a - b)[Math.floor(setUps.length / 2)];
  console.log(
    `${nameOf(kind)}: ${setUps.length} of ${rounds} calls, median ${median?.toFixed(0)} ms from the second join (a page loads first)`,
  );
  if (times === 0) continue;
  try {
    const { connected, collisions } = await renegotiateAtOnce(ground, kind, times);
    console.log(`  both renegotiate at once: connected ${connected} of ${times}, ${collisions} collisions`);
  } catch (error) {
    failures += 1;
    console.error(`  both renegotiate at once: ${error instanceof Error ? error.message : error}`);
  }
}
await browser.close();
await close();
console.log(failures === 0 ? 'all passed' : `${failures} failed`);
// The native stack keeps threads of its own.
process.exit(failures === 0 ? 0 : 1);
