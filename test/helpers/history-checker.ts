import type { ClientHistory, Rule, Violation } from './history.ts';
import { checkDelivery } from './history-delivery.ts';
import { checkAttachments, checkLanes } from './history-lanes.ts';
import { checkRooms } from './history-rooms.ts';
import { indexSessions } from './history-sessions.ts';

/** How long frames of an older connection may be under way after a newer one was welcomed, in milliseconds. */
const underWayMs = 1000;

/**
 * Holds a run to the promise: one history a client, taken at rest (all links fine, nothing sent for a while, all frames
 * acknowledged). The invariants:
 *
 * - acknowledged ⊆ delivered ∪ told (`lost`, `untold`), and nothing waits for ever (`unsettled`);
 * - what comes was sent (`forged`), once (`duplicate`), in order per sender and destination (`reordered`);
 * - no frame both refused and delivered, none refused twice, an Error before its acknowledgement, no acknowledgement
 *   before the frame (`early-ack`), receipts once and true;
 * - inbox and room logs without gaps and repeats (`inbox-order`, `room-order`), equal for all members (`room-equal`);
 * - a join before the signals of who joined; rosters list the live clients; one attachment a session.
 *
 * Frames of a connection that was replaced may linger for `lingerMs`. Infinity, where clients read as late as they like: what
 * was written to which connection is not judged then.
 *
 * Where no client stood still, `checkWindows` adds that whoever is back within its window resumes.
 */
export function checkHistory(histories: readonly ClientHistory[], lingerMs = underWayMs): Violation[] {
  return [
    ...checkDelivery(indexSessions(histories)),
    ...histories.flatMap(checkLanes),
    ...(Number.isFinite(lingerMs) ? checkAttachments(histories, lingerMs) : []),
    ...checkRooms(histories),
  ];
}

/** What a gateway holds; everything is 0 once all clients are gone and their windows have ended. */
export type Gauges = Readonly<Record<string, number>>;

export function checkDrained(gauges: Gauges): Violation[] {
  return Object.entries(gauges)
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => ({ rule: 'gauges', client: 'gateway', detail: `${value} ${name} are left` }));
}

/** What a process went through that it should not have. */
export interface Health {
  readonly unhandled: readonly string[];
  /** Lines that the gateway logged as errors. */
  readonly errors: readonly string[];
  /** In milliseconds. */
  readonly longestStallMs: number;
}

/** Longest time that an event loop may stand still, in milliseconds. */
const mostStallMs = 500;

export function checkHealth(name: string, { unhandled, errors, longestStallMs }: Health): Violation[] {
  const of = (detail: string): Violation => ({ rule: 'health', client: name, detail });
  return [
    ...unhandled.map((error) => of(`unhandled: ${error}`)),
    ...errors.map((error) => of(`logged: ${error}`)),
    ...(longestStallMs > mostStallMs ? [of(`the event loop stood still for ${longestStallMs} ms`)] : []),
  ];
}

/** The violations, shortened for a failed test: how many of each rule, and the first of them. */
export function describeViolations(violations: readonly Violation[], most = 3): string {
  const byRule = new Map<Rule, Violation[]>();
  for (const violation of violations) {
    byRule.set(violation.rule, [...(byRule.get(violation.rule) ?? []), violation]);
  }
  return [...byRule]
    .map(([rule, all]) => {
      const shown = all.slice(0, most).map(({ client, detail }) => `\n    ${client}: ${detail}`);
      return `${rule}: ${all.length}${shown.join('')}`;
    })
    .join('\n');
}
