import { expect, test } from 'vitest';
import { EndOfTurn } from '../../../src/lanes/envelope/end-of-turn.ts';

test('what is put off runs in its order, behind this turn; what comes meanwhile, in the next', async () => {
  const ran: string[] = [];
  const endOfTurn = new EndOfTurn();
  endOfTurn.put(() => {
    ran.push('a');
    endOfTurn.put(() => ran.push('c'));
  });
  endOfTurn.put(() => ran.push('b'));
  await Promise.resolve();
  expect(ran).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(ran).toEqual(['a', 'b']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(ran).toEqual(['a', 'b', 'c']);
});
