/** `npm run test:hidden -- --minutes 10 --suspend 5`: hidden tabs, suspended clients and vanished ones, in real time. */
import { parseArgs } from 'node:util';
import { buildWeb } from '../../scripts/build-web.ts';
import { chromiumPath } from './chromium.ts';
import { runHidden } from './hidden-run.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, suspend: { type: 'string', default: '5' } },
});
const executable = chromiumPath();
if (executable === undefined) process.exit(1);
await buildWeb();
const report = await runHidden({
  hiddenMs: Number(values.minutes) * 60_000,
  suspendedMs: Number(values.suspend) * 60_000,
  callMs: 60_000,
  executable,
  tell: (line) => void process.stdout.write(`${line}\n`),
});
const { violations, throttledMs, answered, calls, awayAfterMs, goneAfterMs } = report;
process.stdout.write(
  `${values.minutes} minutes: timers of hidden tabs up to ${(throttledMs / 1000).toFixed(1)} s late; ` +
    `calls answered of ${calls}: ${JSON.stringify(answered)}; suspended for ${values.suspend} minutes; ` +
    `cut off without a word: AWAY after ${awayAfterMs.join(', ')} ms, gone after ${goneAfterMs.join(', ')} ms; ` +
    `${violations.length} violations\n`,
);
for (const violation of violations) process.stdout.write(`  ${violation}\n`);
process.exit(violations.length === 0 ? 0 : 1);
