import type { HistoryEvent } from '../helpers/history.ts';
import type { World } from './world.ts';

/** How often what happened: a model that never meets a rule says nothing about it. */
export type Tally = Map<string, number>;

/** Adds what the clients of a world went through. */
export function count(tally: Tally, world: World): void {
  const add = (what: string) => tally.set(what, (tally.get(what) ?? 0) + 1);
  for (const { events } of world.clients.map(({ history }) => history)) {
    for (const event of events) add(nameOf(event));
  }
}

function nameOf(event: HistoryEvent): string {
  switch (event.kind) {
    case 'welcome':
      return `welcome ${event.outcome}`;
    case 'error':
    case 'left':
    case 'resync':
    case 'closed':
      return `${event.kind} ${event.reason}`;
    case 'receipt':
      return event.delivered ? 'receipt DELIVERED' : `receipt ${event.reason}`;
    case 'joined':
      if (event.missed) return 'joined and missed';
      return event.history.length > 0 ? 'joined with history' : 'joined';
    case 'sent':
      return `sent to a ${event.to.kind}`;
    case 'opened':
      return `opened by ${event.transport}`;
    default:
      return event.kind;
  }
}

/** What 2,000 sequences meet for certain. */
export const mustHappen: readonly string[] = [
  'welcome resumed',
  'welcome fresh',
  'error INBOX_OVERFLOW',
  'error RECIPIENT_LEFT',
  'error UNKNOWN_RECIPIENT',
  'receipt DELIVERED',
  'receipt WINDOW_EXPIRED',
  'left REMOVED',
  'left REPLACED',
  'left ROOM_CLOSED',
  'closed REPLACED',
  'closed SLOW_CONSUMER',
  'closed TOKEN_EXPIRED',
  'closed TOKEN_REVOKED',
  'closed IDLE',
  'closed DRAINING',
  'resync EPOCH_LOST',
  'joined with history',
  'opened by stream',
  'opened by socket',
  'opened by halves',
  'stray',
];
