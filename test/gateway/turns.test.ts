import { expect, test } from 'vitest';
import { Turns } from '../../src/gateway/turns.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('what comes at once begins a few in a turn, in order, and what comes alone begins now', async () => {
  const turns = new Turns();
  const begun: number[] = [];
  for (let index = 0; index < 20; index += 1) turns.take(() => begun.push(index));
  const atOnce = begun.length;
  expect(atOnce).toBe(8);
  await turn();
  expect(begun).toHaveLength(16);
  // Nobody overtakes.
  turns.take(() => begun.push(20));
  await turn();
  await turn();
  expect(begun).toEqual(Array.from({ length: 21 }, (_, index) => index));
  turns.take(() => begun.push(21));
  expect(begun.at(-1)).toBe(21);
});
