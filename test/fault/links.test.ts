import { describe, expect, it } from 'vitest';
import { minutes, play } from './play.ts';
import { blackHole } from './scenarios/black-hole.ts';
import { copiedSecret } from './scenarios/copied-secret.ts';
import { cut } from './scenarios/cut.ts';
import { changeTransports } from './scenarios/transports.ts';
import { welcomeLost } from './scenarios/welcome-lost.ts';

describe('whatever becomes of their links, two hundred sessions under load lose nothing, get nothing twice and keep their order', () => {
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
    'when a secret is copied: one client goes on, the other is told, and that is it',
    async () => {
      await play(copiedSecret, { sessions: 50, signalsPerSecond: 100 });
    },
    3 * minutes,
  );
});
