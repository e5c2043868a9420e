import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { cpuMicros, residentKib, writeCalls } from '../../bench/harness/accounting.ts';
import { runBench } from '../../bench/harness/bench.ts';
import type { Result } from '../../bench/report/results.ts';
import { scenarios } from '../../bench/scenarios/scenarios.ts';
import type { Subject } from '../../bench/subjects/subject.ts';
import { subjects } from '../../bench/subjects/subjects.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const script = new URL('../../bench/main.ts', import.meta.url).pathname;
const tiny = ['--rounds', '1', '--ramp', '20', '--window', '100', '--settle', '1', '--connections', '4'];

async function folderForTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a tiny edition of the bench: its results and what it prints. */
async function bench(...args: string[]): Promise<{ results: Result[]; stdout: string }> {
  const json = join(await folderForTest(), 'results.json');
  const { stdout } = await run(process.execPath, [script, ...tiny, '--json', json, ...args]);
  return { results: JSON.parse(await readFile(json, 'utf8')), stdout };
}

// Sixteen processes start: seconds, but more where the other tests load the machine.
test('the bench measures all subjects, in a tiny edition of the calls', { timeout: 90_000 }, async () => {
  const { results, stdout } = await bench('--only', 'call-setup', '--window', '500');
  const cpu = results.filter(({ metric }) => metric === 'server_cpu');
  expect(cpu.map(({ subject }) => subject)).toEqual([
    'classic',
    'signalbox-ws',
    'signalbox-grpc',
    'signalbox-halves',
    'socket-io',
    'peer-server',
    'grpc-js-relay',
    'connect-node-relay',
  ]);
  for (const { median, ratio_to_classic } of cpu) {
    expect(median).toBeGreaterThan(0);
    expect(ratio_to_classic).toBeGreaterThan(0);
  }
  expect(stdout).toMatch(/\| call-setup \| signalbox-grpc +\|/);
  expect(stdout).toMatch(/Goals met: \d of 4/);
});

test('every scenario shows what it is about, in a tiny edition', { timeout: 120_000 }, async () => {
  const subjects = ['signalbox-ws', 'signalbox-grpc-tls'].flatMap((name) => ['--subject', name]);
  const without = ['call-setup', 'trickle-4', 'send-frames', 'start'];
  const chosen = scenarios.filter(({ name }) => !without.includes(name));
  const { results } = await bench(...subjects, ...chosen.flatMap(({ name }) => ['--only', name]));
  const about = (name: string) =>
    results.filter(({ scenario, metric }) => {
      const known = chosen.find((one) => one.name === scenario);
      return scenario === name && metric === known?.about;
    });
  for (const { name, subjects: taking } of chosen) {
    const subject = taking.includes('signalbox-ws') ? 'signalbox-ws' : 'signalbox-grpc-tls';
    expect(about(name).map((result) => result.subject)).toContain(subject);
  }
});

test('a profile of the gateway is written for its scenario', { timeout: 60_000 }, async () => {
  const folder = await folderForTest();
  const only = ['trickle-4', 'send-frames', 'start'].flatMap((name) => ['--only', name]);
  const { results } = await bench(
    ...[...only, '--subject', 'signalbox-halves'],
    ...['--profile', folder, '--chart', join(folder, 'chart.svg')],
  );
  expect(await readdir(folder)).toEqual([
    'chart.svg',
    'send-frames.signalbox-halves.cpuprofile',
    'trickle-4.signalbox-halves.cpuprofile',
  ]);
  const profile = JSON.parse(await readFile(join(folder, 'send-frames.signalbox-halves.cpuprofile'), 'utf8'));
  expect(profile.samples.length).toBeGreaterThan(100);
  expect(results.some(({ metric }) => metric === 'start_time')).toBe(true);
  expect(await readFile(join(folder, 'chart.svg'), 'utf8')).toContain('signalbox-halves');
});

test('a subject that breaks is told, and the others are measured', { timeout: 60_000 }, async () => {
  const classic = subjects.filter(({ name }) => name === 'classic');
  const broken: Subject = { name: 'broken', protocol: 'classic', args: () => ['-e', 'process.exit(3)'] };
  const both = ['classic', 'broken'];
  const chosen = scenarios
    .filter(({ name }) => name === 'trickle-4' || name === 'trickle-lone')
    .map((scenario) => ({ ...scenario, connections: 4, subjects: both }));
  const outcomes = await runBench({
    ...{ root, scenarios: chosen, subjects: [...classic, broken], reference: 'classic' },
    pace: { rounds: 1, warmUpMs: 20, rampMs: 20, windowMs: 100, settleMs: 1 },
    profileFolder: undefined,
    onProgress: () => {},
  });
  expect(outcomes.map(({ scenario }) => scenario.name)).toEqual(['trickle-4', 'trickle-lone']);
  for (const { rounds, failures } of outcomes) {
    expect([...rounds.keys()]).toEqual(['classic']);
    expect(failures.get('broken')).toMatch('broken did not start: it ended with 3');
  }
});

test('an unknown scenario is refused with the names of those there are', async () => {
  const failed = run(process.execPath, [script, '--only', 'nothing']);
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('trickle-lone') });
});

test('the CPU time and the write calls of a process grow by what it does', () => {
  const before = cpuMicros(process.pid);
  const until = performance.now() + 50;
  while (performance.now() < until);
  const burned = cpuMicros(process.pid) - before;
  expect(burned).toBeGreaterThan(5_000);
  expect(burned).toBeLessThan(1_000_000);
  expect(residentKib(process.pid)).toBeGreaterThan(10_000);
  expect(writeCalls(process.pid)).toBeGreaterThan(0);
});
