import { Code } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { RequestLedger } from '../../src/services/request-ledger.ts';
import { refused } from './room-kit.ts';

function ledgerOf(capacity: number) {
  const clock = { time: 0, now: () => clock.time };
  const ledger = new RequestLedger<number>({ clock, keepMs: 1000, capacity });
  let runs = 0;
  const run = async () => {
    runs += 1;
    return runs;
  };
  return { clock, ledger, run };
}

describe('RequestLedger', () => {
  it('runs a request once, also while it is under way', async () => {
    const { ledger, run } = ledgerOf(10);
    const answers = await Promise.all([ledger.once('a', run), ledger.once('a', run), ledger.once('b', run)]);
    expect(answers).toEqual([1, 1, 2]);
  });

  it('forgets when the time is over, and holds nothing older', async () => {
    const { clock, ledger, run } = ledgerOf(10);
    await ledger.once('a', run);
    clock.time = 999;
    expect(await ledger.once('a', run)).toBe(1);
    clock.time = 1000;
    expect(await ledger.once('b', run)).toBe(2);
    expect(ledger.size).toBe(1);
    expect(await ledger.once('a', run)).toBe(3);
  });

  it('refuses more than it can remember and says how long to wait, rather than forgetting too early', async () => {
    const { clock, ledger, run } = ledgerOf(2);
    await ledger.once('a', run);
    clock.time = 400;
    await ledger.once('b', run);
    const third = async () => ledger.once('c', run);
    const detail = await refused(third(), Code.ResourceExhausted, Reason.OVERLOADED);
    expect(detail).toMatchObject({ retryable: true, retryAfter: { seconds: 0n, nanos: 600_000_000 } });
    expect(await ledger.once('a', run)).toBe(1);
    clock.time = 1000;
    expect(await ledger.once('c', run)).toBe(3);
  });

  it('lets a request that failed be tried again', async () => {
    const { ledger, run } = ledgerOf(2);
    await expect(ledger.once('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await ledger.once('a', run)).toBe(1);
  });
});
