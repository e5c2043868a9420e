import type { ClientHistory, HistoryEvent, Timed, Violation } from './history.ts';

/**
 * What each connection brought: nothing before Welcome, nothing behind Closed; the inbox without gaps and repeats, over
 * connections too; Errors in the order of their frames, each before the acknowledgement that covers it; nothing acknowledged
 * that was not sent.
 */
export function checkLanes({ client, events }: ClientHistory): Violation[] {
  const violations: Violation[] = [];
  const add = (rule: Violation['rule'], detail: string) => violations.push({ rule, client, detail });
  const welcomed = new Set<number>();
  const closed = new Set<number>();
  let session = '';
  let received = 0;
  let acked = 0;
  let refused = 0;
  // Whoever copied a secret says nothing, and hears what the other one is acknowledged.
  let numbered = events.some(({ kind }) => kind === 'control') ? 0 : Number.POSITIVE_INFINITY;
  for (const event of events) {
    if (event.kind === 'opened' && session === '' && event.session !== '') received = event.received;
    if (event.kind === 'welcome') {
      welcomed.add(event.lane);
      if (event.outcome !== 'resumed') {
        received = 0;
        acked = 0;
        refused = 0;
        if (event.outcome === 'fresh' && Number.isFinite(numbered)) numbered = 0;
      }
      session = event.session;
    }
    if (isFrame(event)) {
      if (closed.has(event.lane))
        add('attachment', `${event.kind} behind Closed on connection ${event.lane}`);
      if (event.kind !== 'closed' && !welcomed.has(event.lane)) {
        add('attachment', `${event.kind} before Welcome on connection ${event.lane}`);
      }
    }
    if (event.kind === 'closed') closed.add(event.lane);
    if (event.kind === 'resync' && event.room === '') received = event.next - 1;
    if ('inbox' in event && event.inbox > 0) {
      if (event.inbox !== received + 1) {
        add('inbox-order', `${event.kind} has seq ${event.inbox} where ${received + 1} was due`);
      }
      received = Math.max(received, event.inbox);
    }
    if (event.kind === 'sent' || event.kind === 'control') numbered = Math.max(numbered, event.seq);
    if (event.kind === 'ack') {
      if (event.seq > numbered)
        add('early-ack', `#${event.seq} is acknowledged, and #${numbered} is the newest sent`);
      if (event.by === 'lane') acked = Math.max(acked, event.seq);
    } else if (event.kind === 'error' && event.seq > 0 && event.seq <= acked) {
      add('error-before-ack', `the Error of #${event.seq} came behind the acknowledgement of #${acked}`);
    }
    if (event.kind === 'error' && event.seq > 0) {
      if (event.seq < refused) add('reordered', `the Error of #${event.seq} came behind that of #${refused}`);
      refused = Math.max(refused, event.seq);
    }
  }
  return violations;
}

interface Attachment {
  readonly client: string;
  readonly lane: number;
  readonly attempt: number;
  readonly at: number;
  readonly events: readonly Timed<HistoryEvent>[];
}

/**
 * Two connections of one attempt that were welcomed within so many milliseconds: which of them the gateway took last is not seen from
 * the order in which their Welcomes were read. One of them has to be over, whichever.
 */
const sameMomentMs = 50;

/** A frame on the connection of `attachment` when that of `newer` had long been welcomed. */
function lateFrame({ lane, events }: Attachment, newer: Attachment, underWayMs: number) {
  return events.find(
    (event) =>
      event.at > newer.at + underWayMs &&
      (event.kind === 'stray' ? event.what !== 'closed' : isFrame(event) && event.kind !== 'closed') &&
      'lane' in event &&
      event.lane === lane,
  );
}

/**
 * One attachment a session: once a connection is welcomed, the older ones say nothing but their end; attempts rise. Frames
 * of an older connection may be under way for `underWayMs` after a newer one was welcomed.
 */
export function checkAttachments(histories: readonly ClientHistory[], underWayMs: number): Violation[] {
  const violations: Violation[] = [];
  const sessions = new Map<string, Attachment[]>();
  for (const { client, events } of histories) {
    for (const event of events) {
      if (event.kind !== 'welcome') continue;
      const { session, lane, attempt, at } = event;
      const attachment = { client, lane, attempt, at, events };
      const known = sessions.get(session);
      if (known === undefined) sessions.set(session, [attachment]);
      // A copied secret brings a copy of its history along.
      else if (!known.some((other) => other.lane === lane && other.at === at)) known.push(attachment);
    }
  }
  for (const [session, attachments] of sessions) {
    attachments.sort((a, b) => a.at - b.at);
    for (const [index, attachment] of attachments.entries()) {
      const { client, lane, attempt } = attachment;
      const next = attachments[index + 1];
      if (next === undefined) break;
      const add = (detail: string) =>
        violations.push({ rule: 'attachment', client, detail: `session ${session}: ${detail}` });
      if (next.attempt < attempt) add(`attempt ${next.attempt} was welcomed after attempt ${attempt}`);
      const late = lateFrame(attachment, next, underWayMs);
      if (late === undefined) continue;
      const isTie = next.attempt === attempt && next.at - attachment.at <= sameMomentMs;
      if (isTie && lateFrame(next, attachment, underWayMs) === undefined) continue;
      const after = Math.round(late.at - next.at);
      add(`${late.kind} on connection ${lane} ${after} ms after ${next.client} was welcomed`);
    }
  }
  return violations;
}

/**
 * A session outlives its connection by its window: a client that is back sooner resumes. Counted from the last frame that it
 * got, when the session was certainly attached.
 */
export function checkWindows({ client, events }: ClientHistory, windowMs: number): Violation[] {
  const violations: Violation[] = [];
  let heardAt: number | undefined;
  for (const event of events) {
    if (event.kind === 'welcome' && event.outcome === 'fresh' && heardAt !== undefined) {
      const away = Math.round(event.at - heardAt);
      if (away < windowMs) {
        const detail = `a fresh session (${event.reason}) ${away} ms after the last frame; the window is ${windowMs} ms`;
        violations.push({ rule: 'window', client, detail });
      }
    }
    if (event.kind === 'welcome' || isFrame(event)) heardAt = event.at;
  }
  return violations;
}

/** Events that a frame of the gateway made on the connection in use. */
function isFrame(event: HistoryEvent): event is HistoryEvent & { lane: number } {
  switch (event.kind) {
    case 'opened':
    case 'sent':
    case 'control':
    case 'welcome':
    case 'stray':
    case 'refused':
    case 'ended':
    case 'stopped':
      return false;
    case 'ack':
      return event.by === 'lane';
    default:
      return true;
  }
}
