import { describe, expect, it } from 'vitest';
import { minutes, play } from './play.ts';
import { restart } from './scenarios/restart.ts';
import { sigstop } from './scenarios/sigstop.ts';
import { storm } from './scenarios/storm.ts';

describe('whatever becomes of processes, two hundred sessions under load lose nothing, get nothing twice and keep their order', () => {
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
    'when all of them are dropped at once, and come back, while a call of others goes on',
    async () => {
      const figure = await play(storm, { rounds: 1, sessions: 1000 });
      expect(figure('resumed after').count).toBe(1000);
    },
    5 * minutes,
  );
});
