import { setTimeout as delay } from 'node:timers/promises';
import { transports } from '../link.ts';
import { runFleet } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';

/**
 * Sessions that change their transport in mid-call: gRPC, WebSocket, halves and back. Half of them open the new connection
 * before the old one is closed.
 */
export const changeTransports: Scenario = (options) =>
  runFleet(options, {
    name: 'transports',
    async play({ proxy, fleet }) {
      proxy.set({ latencyMs: 2, jitterMs: 8 });
      let changes = 0;
      for (let round = 0; round < options.rounds; round += 1) {
        for (const client of fleet.clients) {
          if (fleet.random() > 0.34) continue;
          const next = transports[(transports.indexOf(client.transport) + 1) % transports.length]!;
          client.moveTo(next, fleet.random() < 0.5);
          changes += 1;
          if (changes % 10 === 0) await delay(20);
        }
        await delay(400);
      }
      await fleet.attached();
      return { figures: { changes } };
    },
  });
