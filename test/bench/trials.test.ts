import { expect, onTestFinished, test } from 'vitest';
import { createTrial } from '../../bench/generator/trials/create-trial.ts';
import type { Load } from '../../bench/scenarios/scenario.ts';
import { scenarios } from '../../bench/scenarios/scenarios.ts';
import { type Fault, faultyServer } from './faulty-server.ts';

const twoInFlight: Load = { kind: 'closed', inFlight: 2, starts: 'both' };
const fanOut: Load = { kind: 'fan-out', perTick: 4, tickMs: 20 };

/** One round over a classic server with a fault, which this process runs itself. */
async function round(fault: Fault, load = twoInFlight, connections = 2) {
  const { port, stop } = await faultyServer(fault);
  onTestFinished(stop);
  const target = { protocol: 'classic', port, secure: false, pid: process.pid, keyFile: '' } as const;
  const trial = createTrial(target, { ...scenarios[0]!, load, connections });
  await trial.prepare();
  try {
    return await trial.measure({ seed: 1, rampMs: 20, windowMs: 300, settleMs: 0, patienceMs: 200 });
  } finally {
    await trial.close();
  }
}

const faithful: Fault = (message) => [message];

test('a relay that passes everything on is measured', async () => {
  const { server_cpu, latency_p50, rate, joined } = await round(faithful);
  expect(rate).toBeGreaterThan(20);
  expect(server_cpu).toBeGreaterThan(0);
  expect(latency_p50).toBeGreaterThan(0);
  expect(joined).toBeGreaterThan(0);
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
  const altered = round((message, number) => [
    number === 9 ? message.replace(' typ host', ' typ prflx') : message,
  ]);
  await expect(altered).rejects.toThrow('a wrong message');
});

test('a fan-out counts every delivery to every listener', async () => {
  const { from_server, to_server } = await round(faithful, fanOut, 3);
  expect(from_server).toBe(1);
  expect(to_server).toBeCloseTo(1 / 3);
});

test('a message that one of the listeners does not get fails the round', async () => {
  const lost = round((message, number) => (number === 5 ? [] : [message]), fanOut, 3);
  await expect(lost).rejects.toThrow(/came where \d+ was due/);
});

test('a dial-in takes as many round trips as its protocol has', async () => {
  const { round_trips, latency_p50 } = await round(faithful, { kind: 'dial-in', together: 2 }, 4);
  // register and its answer; offer to the hub, and the hub's answer.
  expect(round_trips).toBeGreaterThanOrEqual(3);
  expect(round_trips).toBeLessThan(3.9);
  expect(latency_p50).toBeGreaterThan(0);
});

test('an answer that is not the one to the offer fails the dial-in', async () => {
  const wrong = round(
    (message) => [message.replace(/(answer.*o=- )\d+/, '$19999999999')],
    { kind: 'dial-in', together: 1 },
    2,
  );
  await expect(wrong).rejects.toThrow('a wrong answer');
});

test('idle pairs have their offers, and what they hold is told', async () => {
  const { memory } = await round(faithful, { kind: 'idle' }, 4);
  expect(memory).toBeTypeOf('number');
  const lost = round((message, number) => (number === 2 ? [] : [message]), { kind: 'idle' }, 4);
  await expect(lost).rejects.toThrow('2 messages were sent, 1 arrived');
});
