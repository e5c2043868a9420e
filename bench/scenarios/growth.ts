import type { DescriptionKind } from '../generator/payload.ts';
import type { Scenario } from './scenario.ts';
import { fanOut, open, trickle } from './scenarios.ts';

/** Deliveries a second: the classic server is at about half load. */
const deliveries = 38_000;

/** How the price of one message changes with the number of sessions, the size of a room, and the size of the message. */
export const growth: readonly Scenario[] = [
  ...[50, 500, 2000, 4000].map((pairs) => few(open(10_000, pairs), `sessions-${2 * pairs}`)),
  ...[10, 100, 1000, 5000].map((listeners) =>
    few(fanOut(listeners, 1, (1000 * listeners) / deliveries), `room-${listeners}`),
  ),
  few(trickle('', 'candidates of 300 bytes, one under way each way', oneEach(), 50), 'size-300'),
  few(trickle('', 'offers of 5.8 KB, one under way each way', oneEach('offer'), 50), 'size-5800'),
  few(trickle('', 'offers of 107 KB, one under way each way', oneEach('offer-of-many'), 10), 'size-107000'),
];

function few(scenario: Scenario, name: string): Scenario {
  return { ...scenario, name: `grow-${name}`, rounds: 3 };
}

function oneEach(says?: DescriptionKind) {
  return { kind: 'closed', inFlight: 1, starts: 'both', ...(says && { says }) } as const;
}
