import { setTimeout as delay } from 'node:timers/promises';
import type { Violation } from '../../helpers/history.ts';
import { SessionClient } from '../session-client.ts';
import { runFleet } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';

/** How long nothing may happen between the two before they count as settled, in milliseconds. */
const quietMs = 600;

/**
 * Two clients with one secret, as when a page is duplicated. In odd rounds the copy comes while the first one is connected, in
 * even ones both come back at the same time, with the same attempt. One goes on, the other is told, and that was it.
 */
export const copiedSecret: Scenario = (options) =>
  runFleet(options, {
    name: 'copied-secret',
    async play({ fleet }) {
      const violations: Violation[] = [];
      const copies: SessionClient[] = [];
      let originalsLeft = 0;
      for (let round = 0; round < options.rounds; round += 1) {
        const original = fleet.pick(fleet.clients.filter(({ isStopped, isThere }) => !isStopped && isThere));
        if (round % 2 === 0) original.reconnect();
        const copy = SessionClient.takeOver(original, `copy-${round} of ${original.name}`);
        copies.push(copy);
        const both = [original, copy];
        await fleet.until(() => both.some(({ isStopped }) => isStopped), 5000, 'one of two to be told');
        await fleet.until(() => both.some(({ isThere }) => isThere), 5000, 'one of two to go on');
        const connections = () =>
          both.reduce((sum, { history }) => sum + history.events.filter(isOpened).length, 0);
        const before = connections();
        await delay(quietMs);
        const left = both.filter(({ isStopped }) => !isStopped);
        if (left.length !== 1 || !left[0]?.isThere || connections() !== before) {
          const detail = `${left.length} go on, ${connections() - before} connections after the decision`;
          violations.push({ rule: 'attachment', client: copy.name, detail });
        }
        if (left[0] === original) originalsLeft += 1;
      }
      return {
        figures: { copies: copies.length, 'the original went on': originalsLeft },
        violations,
        others: [
          {
            rest: async () => {},
            histories: async () => copies.map(({ history }) => history),
            end: async () => {
              for (const copy of copies) copy.stop();
            },
          },
        ],
      };
    },
  });

function isOpened({ kind }: { readonly kind: string }): boolean {
  return kind === 'opened';
}
