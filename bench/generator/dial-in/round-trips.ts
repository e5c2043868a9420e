import type { Crew } from '../crew.ts';
import type { Target } from '../job.ts';
import { openMany } from '../open-clients.ts';
import { DelayedPort } from './delayed-port.ts';
import { openPeer } from './open-peer.ts';

/** Far more than everything else takes that happens meanwhile. */
const oneWayMs = 30;
/** The shortest of so many counts: whatever else the machine does only adds. */
const tries = 3;
/** Clients of their own, beside those of the measurement. */
const hubIndex = 90_000;

/**
 * How many round trips a dial-in takes from an open connection: its time over a line that is slow both ways, for the hub
 * too, by the time of one round trip.
 */
export async function countRoundTrips(target: Target, crew: Crew, room: string): Promise<number> {
  const line = new DelayedPort(target.port, oneWayMs);
  const far = { ...target, port: await line.listen() };
  const peers = crew.add(
    await openMany(1 + tries, (index) => openPeer(far, hubIndex + index, index === 0 ? 'hub' : 'guest')),
  );
  const [hub, ...guests] = peers;
  try {
    await hub!.serve(room);
    let leastMs = Number.POSITIVE_INFINITY;
    for (const guest of guests) {
      const begun = performance.now();
      await guest.dial(room, 1);
      leastMs = Math.min(leastMs, performance.now() - begun);
      await guest.leave();
    }
    return leastMs / (2 * oneWayMs);
  } finally {
    await crew.dismiss(peers);
    line.close();
  }
}
