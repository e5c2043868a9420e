import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { readInput } from './input-file.ts';
import { formatReports } from './report.ts';
import { loadTarget, targetNames } from './targets.ts';

// npm run test:fuzz -- [--seconds n] [--target name] [--seed n] [--width n]
// npm run test:fuzz -- --replay file
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    target: { type: 'string', multiple: true },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    width: { type: 'string', default: '2' },
    replay: { type: 'string' },
  },
});
if (values.replay === undefined) await fuzz();
else await replay(values.replay);

async function fuzz(): Promise<void> {
  const targets = values.target ?? targetNames;
  const [seconds, seed, width] = [Number(values.seconds), Number(values.seed), Number(values.width)];
  for (const target of targets) await loadTarget(target);
  console.log(`seed ${seed}, ${seconds} s a target, ${width} at once`);
  const reports = await runCampaign({ targets, seconds, seed, width, progress: tell });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(formatReports(reports));
  if (reports.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
}

function tell(target: string, executions: number, blocks: number): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\r\x1b[K${target}: ${executions} executions, ${blocks} blocks`);
}

/** Runs one kept input again and says what became of it. */
async function replay(file: string): Promise<void> {
  const { target: name, why, input } = await readInput(file);
  console.log(`${name}: ${why}`);
  for (const part of input)
    console.log(`  ${JSON.stringify(Buffer.from(part).toString('latin1').slice(0, 400))}`);
  const target = await (await loadTarget(name)).open();
  const verdict = await target.run(input);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const faults = target.faults();
  await target.close().catch((error: unknown) => void console.log(String(error)));
  console.log({ ...verdict, faults });
  process.exit(verdict.violation === undefined && faults.length === 0 ? 0 : 1);
}
