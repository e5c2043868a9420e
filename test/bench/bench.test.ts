import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { cpuMicros, residentKib } from '../../bench/harness/accounting.ts';

const run = promisify(execFile);
const script = new URL('../../bench/main.ts', import.meta.url).pathname;
const tiny = ['--rounds', '1', '--ramp', '50', '--window', '500', '--connections', '4'];

// Sixteen processes start: seconds, but more where the other tests load the machine.
test('the bench measures all subjects, in a tiny edition of the calls', { timeout: 90_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const json = join(folder, 'results.json');

  const { stdout } = await run(process.execPath, [
    ...[script, ...tiny],
    ...['--only', 'call-setup', '--json', json],
  ]);

  const rows: {
    scenario: string;
    subject: string;
    metric: string;
    median: number;
    ratio_to_classic: number;
  }[] = JSON.parse(await readFile(json, 'utf8'));
  const cpu = rows.filter(({ metric }) => metric === 'server_cpu');
  expect(cpu.map(({ scenario, subject }) => `${scenario} ${subject}`)).toEqual([
    'call-setup classic',
    'call-setup signalbox-ws',
    'call-setup signalbox-grpc',
    'call-setup signalbox-halves',
    'call-setup socket-io',
    'call-setup peer-server',
    'call-setup grpc-js-relay',
    'call-setup connect-node-relay',
  ]);
  for (const { median, ratio_to_classic } of cpu) {
    expect(median).toBeGreaterThan(0);
    expect(ratio_to_classic).toBeGreaterThan(0);
  }
  expect(stdout).toMatch(/\| call-setup \| signalbox-grpc +\|/);
});

test('an unknown scenario is refused with the names of those there are', async () => {
  const failed = run(process.execPath, [script, '--only', 'nothing']);
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('trickle-open') });
});

test('the CPU time of a process grows by what it burns', () => {
  const before = cpuMicros(process.pid);
  const until = performance.now() + 50;
  while (performance.now() < until);
  const burned = cpuMicros(process.pid) - before;
  expect(burned).toBeGreaterThan(5_000);
  expect(burned).toBeLessThan(1_000_000);
  expect(residentKib(process.pid)).toBeGreaterThan(10_000);
});
