import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Progress, runBench } from './harness/bench.ts';
import { readOptions, usage } from './options.ts';
import { resultsOf, toJson } from './report/results.ts';
import { table } from './report/table.ts';
import { reference } from './subjects/subjects.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

async function main(args: readonly string[]): Promise<void> {
  const { help, json, ...options } = readOptions(args, reference);
  if (help) {
    process.stdout.write(usage);
    return;
  }
  if (!existsSync('/proc/self/stat'))
    throw new Error('server CPU is read from /proc: run the bench on Linux');
  const begun = performance.now();
  const rounds = await runBench({ root, ...options, onProgress: showProgress });
  clearProgress();
  const results = rounds.flatMap((scenario) => resultsOf(scenario, reference));
  const seconds = Math.round((performance.now() - begun) / 1000);
  const [load = 0] = loadavg();
  process.stdout.write(
    `${table(results)}\nMedian (smallest–largest) of ${options.pace.rounds} rounds with all subjects in turn; ratios are of the same round.\n` +
      `in, out: protocol messages to and from the server for each message or call, acknowledgements included.\n` +
      `Node ${process.version}, ${cpus().length} cores, load ${load.toFixed(1)} at the end, ${seconds} s.\n`,
  );
  if (json !== undefined) await writeFile(json, toJson(results));
}

let shown = '';

/** One line that is written over on a terminal; elsewhere a line a scenario. */
function showProgress({ scenario, subject, round, rounds, done }: Progress): void {
  const percent = `${Math.floor(done * 100)} %`.padStart(5);
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\x1b[K${percent}  ${scenario}  round ${round} of ${rounds}  ${subject}`);
  } else if (shown !== scenario) {
    shown = scenario;
    process.stderr.write(`${percent}  ${scenario}\n`);
  }
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

main(process.argv.slice(2)).catch((error: unknown) => {
  clearProgress();
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
