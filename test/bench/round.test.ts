import { expect, onTestFinished, test } from 'vitest';
import { runRound } from '../../bench/generator/round.ts';
import type { Scenario } from '../../bench/scenarios.ts';
import { type Fault, faultyServer } from './faulty-server.ts';

const scenario: Scenario = {
  name: 'trickle-2',
  title: 'candidates, 2 in flight',
  load: { kind: 'closed', inFlight: 2 },
  connections: 2,
  unit: 'message',
};

async function round(fault: Fault) {
  const { port, stop } = await faultyServer(fault);
  onTestFinished(stop);
  const target = { protocol: 'classic', port, pid: process.pid, keyFile: '' } as const;
  return runRound({ target, scenario, seed: 1, rampMs: 20, windowMs: 400, patienceMs: 200 });
}

test('a relay that passes everything on is measured', async () => {
  const { relayed, units, cpuMicros, p50Ms } = await round((message) => [message]);
  expect(relayed).toBeGreaterThan(10);
  expect(units).toBe(relayed);
  expect(cpuMicros).toBeGreaterThan(0);
  expect(p50Ms).toBeGreaterThan(0);
});

test('a lost message fails the round', async () => {
  const lost = round((message, number) => (number === 9 ? [] : [message]));
  await expect(lost).rejects.toThrow(/came where \d+ was due/);
});

test('a last message that never comes fails the round', async () => {
  let open = true;
  setTimeout(() => {
    open = false;
  }, 200);
  await expect(round((message) => (open ? [message] : []))).rejects.toThrow(/messages were sent/);
});

test('a doubled message fails the round', async () => {
  const doubled = round((message, number) => (number === 9 ? [message, message] : [message]));
  await expect(doubled).rejects.toThrow(/came where \d+ was due/);
});

test('an altered message fails the round', async () => {
  const altered = round((message, number) => [number === 9 ? message.replace('srflx', 'relay') : message]);
  await expect(altered).rejects.toThrow('a wrong message');
});
