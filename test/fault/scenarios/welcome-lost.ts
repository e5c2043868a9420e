import type { Violation } from '../../helpers/history.ts';
import { FaultProxy } from '../fault-proxy.ts';
import type { SessionClient } from '../session-client.ts';
import { welcomeCutter } from '../welcome-cutter.ts';
import { runFleet } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';

/** Each round every client loses its connection, and then the Welcome of its first try to come back. */
export const welcomeLost: Scenario = (options) =>
  runFleet(options, {
    name: 'welcome-lost',
    async play({ gateway, proxy, fleet, onFailure }) {
      const lossy = await FaultProxy.start(gateway.url, options.seed);
      onFailure(() => lossy.close());
      let lost = 0;
      lossy.onConnection = (connection) => {
        connection.down.filter = welcomeCutter(() => {
          lost += 1;
        });
      };
      const violations: Violation[] = [];
      for (let round = 0; round < options.rounds; round += 1) {
        const before = fleet.clients.map(({ session }) => ({ ...session }));
        const lostBefore = lost;
        for (const client of fleet.clients) client.nextUrl = lossy.url;
        proxy.cut();
        await fleet.until(() => lost - lostBefore === fleet.clients.length, 20_000, 'lost Welcomes');
        await fleet.attached();
        for (const [index, client] of fleet.clients.entries()) {
          violations.push(...checkResumed(client, before[index]?.id, before[index]?.attempt ?? 0));
        }
      }
      await lossy.close();
      return { figures: { 'Welcomes lost': lost }, violations };
    },
  });

/** The same session, two attempts on. */
function checkResumed(client: SessionClient, session: string | undefined, attempt: number): Violation[] {
  const now = client.session;
  if (now?.id === session && now !== undefined && now.attempt >= attempt + 2) return [];
  const detail = `held ${session} at attempt ${attempt}, and after a lost Welcome ${now?.id} at ${now?.attempt}`;
  return [{ rule: 'attachment', client: client.name, detail }];
}
