import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goals } from './goals.ts';
import { type Progress, runBench } from './harness/bench.ts';
import { profileName } from './harness/contestants.ts';
import { expectedSeconds } from './harness/pace.ts';
import { readOptions, usage } from './options.ts';
import { chart } from './report/chart.ts';
import { type CpuProfile, profileTable } from './report/profile.ts';
import { resultsOf, toJson } from './report/results.ts';
import { table } from './report/table.ts';
import { verdictsOf, verdictTable } from './report/verdicts.ts';
import { reference } from './subjects/subjects.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args, reference);
  const { scenarios, subjects, pace } = options;
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  if (!existsSync('/proc/self/stat'))
    throw new Error('server CPU is read from /proc: run the bench on Linux');
  const profileFolder = options.profileFolder && resolve(options.profileFolder);
  if (profileFolder !== undefined) await mkdir(profileFolder, { recursive: true });
  const names = subjects.map(({ name }) => name);
  const expected = expectedSeconds(scenarios, names, pace);
  process.stderr.write(`${scenarios.length} scenarios, about ${Math.ceil(expected)} s\n`);
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const rounds = await runBench({
    root,
    scenarios,
    subjects,
    reference,
    pace,
    profileFolder,
    onProgress: (progress) => showProgress(progress, seconds() / expected),
  });
  clearProgress();
  const results = rounds.flatMap((scenario) => resultsOf(scenario, reference));
  const [load = 0] = loadavg();
  process.stdout.write(
    `${table(results, scenarios)}\nMedian (smallest–largest) of the rounds, up to ${pace.rounds} with all subjects in turn; ratios are of the same round.\n` +
      `in, out: protocol messages to and from the server for each unit, acknowledgements included. joined: messages out for each write call of the server.\n\n` +
      `${verdictTable(verdictsOf(goals, rounds), rounds)}\n` +
      `Node ${process.version}, ${cpus().length} cores, load ${load.toFixed(1)} at the end, ${Math.round(seconds())} s.\n`,
  );
  if (profileFolder !== undefined) {
    for (const { scenario, rounds: measured } of rounds) {
      for (const subject of measured.keys()) await showProfile(profileFolder, scenario.name, subject);
    }
  }
  for (const { scenario, failures } of rounds) {
    for (const [subject, why] of failures) {
      process.exitCode = 1;
      process.stderr.write(`bench: ${scenario.name}, ${subject}: ${why}\n`);
    }
  }
  if (options.json !== undefined) await writeFile(options.json, toJson(results));
  if (options.chart !== undefined) await writeFile(options.chart, chart(results, scenarios));
}

/** Others than the gateway have none. */
async function showProfile(folder: string, scenario: string, subject: string): Promise<void> {
  const file = join(folder, profileName(scenario, subject));
  if (!existsSync(file)) return;
  const profile: CpuProfile = JSON.parse(await readFile(file, 'utf8'));
  process.stdout.write(`\n${file}\n\n${profileTable(profile, root)}`);
}

let shown = '';

/** One line that is written over on a terminal; elsewhere a line a scenario. */
function showProgress({ scenario, subject, round, rounds }: Progress, done: number): void {
  const percent = `${Math.min(99, Math.floor(done * 100))} %`.padStart(5);
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
