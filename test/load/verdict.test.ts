import { describe, expect, it } from 'vitest';
import { readLoadOptions } from '../../src/load/options.ts';
import { progressLine } from '../../src/load/progress.ts';
import { reportJson, reportText } from '../../src/load/report.ts';
import type { RunResult } from '../../src/load/run.ts';
import { Tally } from '../../src/load/tally.ts';
import { judge } from '../../src/load/verdict.ts';

function optionsOf(...args: string[]) {
  const options = readLoadOptions(args, { keyFile: undefined, generator: 'abc' });
  if (options === undefined) throw new Error('help');
  return options;
}

const options = optionsOf();

/** A run of 10 s in which all went well. */
function resultOf(change: (tally: Tally) => unknown = () => {}, over: Partial<RunResult> = {}): RunResult {
  const tally = new Tally();
  tally.opened = 40;
  tally.connected = 40;
  tally.sent = 1_000;
  tally.accepted = 1_000;
  tally.received = 1_000;
  Object.assign(tally.measured, { sent: 1_000, received: 1_000 });
  for (let index = 0; index < 1_000; index += 1) {
    tally.joins.record(3);
    tally.latency.record(5);
    tally.lateness.record(0.2);
    tally.backlog.record(0.1);
  }
  change(tally);
  const { pending } = tally;
  return { tally, sessions: 40, missing: 0, pending, measuredMs: 10_000, endedEarly: undefined, ...over };
}

describe('the verdict on a run', () => {
  it('is good where all joined and nothing was refused or lost, and says no more', () => {
    expect(judge(options, resultOf())).toEqual({ passed: true, notes: [] });
  });

  it.each<[string, RunResult]>([
    ['a session that did not join', resultOf((tally) => tally.notOpened.add('overloaded'))],
    ['a session that ended', resultOf((tally) => tally.ended.add('removed'))],
    ['a signal that was refused', resultOf((tally) => tally.refused.add('rate_limited'))],
    ['a signal whose session was lost', resultOf((tally) => Object.assign(tally, { unknown: 1 }))],
    ['a signal without an answer', resultOf(() => {}, { pending: 1 })],
    ['a signal that was lost', resultOf(() => {}, { missing: 1 })],
    ['one that came twice', resultOf((tally) => Object.assign(tally, { twice: 1 }))],
    ['one that came late', resultOf((tally) => Object.assign(tally, { late: 1 }))],
    ['one that was altered', resultOf((tally) => Object.assign(tally, { altered: 1 }))],
    ['a gateway that went away', resultOf(() => {}, { endedEarly: 'no session was connected for 10 s' })],
  ])('is bad with %s', (_what, result) => {
    expect(judge(options, result).passed).toBe(false);
  });

  it('forgives what was dropped of LOSSY, and a user who stops it', () => {
    expect(
      judge(
        optionsOf('--send', 'lossy'),
        resultOf(() => {}, { missing: 9 }),
      ).passed,
    ).toBe(true);
    expect(
      judge(
        options,
        resultOf(() => {}, { endedEarly: 'stopped by the user' }),
      ).passed,
    ).toBe(true);
  });

  it('says that the figures are the generator’s where most of the latency is its own', () => {
    const slow = (own: 'lateness' | 'backlog') =>
      resultOf((tally) => {
        for (let index = 0; index < 9_000; index += 1) tally[own].record(4);
      });
    for (const own of ['lateness', 'backlog'] as const) {
      expect(judge(options, slow(own)).notes.join()).toContain("the generator's, not the gateway's");
    }
  });

  it('says how much of the slowest signals is the generator’s own', () => {
    const result = resultOf((tally) => {
      for (let index = 0; index < 50; index += 1) tally.lateness.record(3);
    });
    expect(judge(options, result).notes.join()).toMatch(/up to 3\.\d ms of p99 are this generator's own/);
  });

  it('says that the rate was not reached, but not of the few that a low rate has by chance', () => {
    const result = resultOf((tally) => Object.assign(tally.measured, { sent: 800 }));
    expect(judge(options, result).notes.join()).toContain('the rate was not reached');
    const few = resultOf((tally) => Object.assign(tally.measured, { sent: 4 }), { measuredMs: 1_000 });
    expect(judge(optionsOf('--rate', '7'), few).notes).toEqual([]);
  });

  it('says what to do about a reason, and which limit a room would meet', () => {
    const result = resultOf((tally) => tally.refused.add('rate_limited'));
    expect(judge(options, result).notes.join()).toContain('limits.signalRate');
    const huge = optionsOf('--scenario', 'broadcast', '--participants', '5000', '--rate', '100');
    expect(judge(huge, resultOf()).notes.join()).toContain('limits.roomRate');
  });
});

describe('the report', () => {
  it('has every figure, as text and as JSON', () => {
    const result = resultOf((tally) => tally.refused.add('no_hub', 'there is no hub'), { missing: 3 });
    const verdict = judge(options, result);
    const text = reportText(options, result, verdict);
    expect(text).toContain('sessions    40 of 40 joined\n');
    expect(text).toContain('sent        1000 (100.0/s, wanted 100/s), acknowledged 1000\n');
    expect(text).toContain('refused     1: no_hub 1 (first: there is no hub)\n');
    expect(text).toContain('lost        3\n');
    expect(text).toContain('latency     p50 5.00  p90 5.00  p99 5.00  p99.9 5.00  max 5.00 ms  (1000)\n');
    const json = JSON.parse(reportJson(options, result, verdict));
    expect(json).toMatchObject({
      passed: false,
      missing: 3,
      refused: { no_hub: 1 },
      latency: { count: 1_000, p50: 5, max: 5 },
      options: { scenario: 'call', seed: 1 },
    });
  });

  it('has a line of progress', () => {
    const { tally } = resultOf((counts) => counts.refused.add('no_hub'));
    const line = progressLine({ tally, phase: 'measuring', sessions: 41 }, 7.4, { sent: 99.6, received: 98 });
    expect(line).toBe('7 s measuring · sessions 40/41 · out 100/s in 98/s · p99 5.0 ms · errors 1');
  });
});
