import { describe, expect, it } from 'vitest';
import { describeViolations } from '../helpers/history-checker.ts';
import { describeRun, type Spread } from './report.ts';
import { blackHole } from './scenarios/black-hole.ts';
import { copiedSecret } from './scenarios/copied-secret.ts';
import { cut } from './scenarios/cut.ts';
import { restart } from './scenarios/restart.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { sigstop } from './scenarios/sigstop.ts';
import { storm } from './scenarios/storm.ts';
import { changeTransports } from './scenarios/transports.ts';
import { welcomeLost } from './scenarios/welcome-lost.ts';

const load = { rounds: 20, sessions: 200, signalsPerSecond: 300, seed: Date.now() % 1_000_000 };

/** Plays a scenario; throws what the checker found. Returns its figures. */
async function play(scenario: Scenario, options: Partial<typeof load> = {}) {
  const report = await scenario({ ...load, ...options });
  process.stdout.write(`${describeRun(report)}\n`);
  expect(describeViolations(report.violations)).toBe('');
  return (name: string) => report.figures[name] as Spread;
}

const minutes = 60_000;

describe('two hundred sessions under load lose nothing, get nothing twice and keep their order', () => {
  it(
    'when connections are cut at random; they are back half a second after the link',
    async () => {
      const figure = await play(cut);
      expect(figure('resumed after').count).toBeGreaterThan(1000);
    },
    3 * minutes,
  );

  it(
    'when they change their transport in mid-call',
    async () => {
      await play(changeTransports);
    },
    3 * minutes,
  );

  it(
    'when the gateway is restarted in order, with a state file: nobody begins anew',
    async () => {
      const figure = await play(restart);
      expect(figure('restarts')).toBe(20);
      expect(figure('fresh sessions')).toBe(0);
      expect(figure('resumed after').count).toBeGreaterThanOrEqual(4000);
    },
    5 * minutes,
  );

  it(
    'when processes are stopped: they are away in time, back when they go on, gone with their window',
    async () => {
      const figure = await play(sigstop);
      expect(figure('AWAY after').count).toBe(200);
      expect(figure('gone after AWAY').count).toBe(40);
    },
    5 * minutes,
  );

  it(
    'when links swallow everything, or one direction, or lose an end',
    async () => {
      await play(blackHole, { rounds: 4 });
    },
    3 * minutes,
  );

  it(
    'when the Welcome is lost at the first try: a hundred of a hundred resume',
    async () => {
      const figure = await play(welcomeLost, { rounds: 1, sessions: 100 });
      expect(figure('Welcomes lost')).toBe(100);
    },
    3 * minutes,
  );

  it(
    'when all of them are dropped at once, and come back, while a call of others goes on',
    async () => {
      const figure = await play(storm, { rounds: 1, sessions: 1000 });
      expect(figure('resumed after').count).toBe(1000);
    },
    5 * minutes,
  );

  it(
    'when a secret is copied: one client goes on, the other is told, and that is it',
    async () => {
      await play(copiedSecret, { sessions: 50, signalsPerSecond: 100 });
    },
    3 * minutes,
  );
});
