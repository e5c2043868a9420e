import { describe, expect, it } from 'vitest';
import type { ClientHistory, HistoryEvent, Rule } from './history.ts';
import { checkDrained, checkHealth, checkHistory, describeViolations } from './history-checker.ts';
import { checkWindows } from './history-lanes.ts';

type Events = readonly (HistoryEvent & { readonly after?: number })[];

/** Each event a millisecond after the one before, or `after` it says. */
function history(client: string, events: Events): ClientHistory {
  let at = 1_000_000;
  return {
    client,
    events: events.map(({ after = 1, ...event }) => {
      at += after;
      return { ...event, at };
    }),
  };
}

function opened(lane: number, session = '', attempt = 1, received = 0): HistoryEvent {
  return { kind: 'opened', lane, transport: 'grpc', session, attempt, received };
}

function welcome(
  session: string,
  lane = 1,
  attempt = 1,
  outcome: 'new' | 'resumed' | 'fresh' = 'new',
): HistoryEvent {
  return { kind: 'welcome', lane, session, outcome, attempt, reason: '' };
}

function joined(self: string, others: readonly string[], offset: number, more: object = {}): HistoryEvent {
  return {
    kind: 'joined',
    ...{ lane: 1, room: 'r', epoch: 'e', offset, self, participants: others, away: [] },
    ...{ history: [], missed: false },
    ...more,
  };
}

function roster(offset: number, delta: object): HistoryEvent {
  return { kind: 'roster', lane: 1, room: 'r', offset, joined: [], left: [], away: [], active: [], ...delta };
}

function sent(seq: number, to: string, text: string, wantReceipt = false): HistoryEvent {
  const destination =
    to === 'r' ? ({ kind: 'room', name: 'r' } as const) : ({ kind: 'participant', id: to } as const);
  return { kind: 'sent', seq, to: destination, text, wantReceipt };
}

function signal(inbox: number, sender: string, senderSeq: number, text: string, lane = 1): HistoryEvent {
  return { kind: 'signal', lane, inbox, to: 'b', sender, senderSeq, text };
}

function message(offset: number, sender: string, senderSeq: number, text: string): HistoryEvent {
  return { kind: 'message', lane: 1, room: 'r', offset, sender, senderSeq, text };
}

const ack = (seq: number, by: 'lane' | 'answer' = 'lane'): HistoryEvent => ({
  kind: 'ack',
  lane: 1,
  by,
  seq,
});
const error = (inbox: number, seq: number): HistoryEvent => ({
  kind: 'error',
  lane: 1,
  inbox,
  seq,
  reason: 'X',
});
const receipt = (inbox: number, seq: number, delivered: boolean): HistoryEvent => ({
  kind: 'receipt',
  ...{ lane: 1, inbox, seq, delivered, reason: '' },
});
const closed = (lane = 1): HistoryEvent => ({ kind: 'closed', lane, reason: 'REPLACED', next: 'STOP' });
const stopped: HistoryEvent = { kind: 'stopped', how: 'left' };

/** Ada sends `#2 x` and `#3 y` to bob, who came later, and says `#4 hi` to the room. */
const ada: Events = [
  opened(1),
  welcome('A'),
  { kind: 'control', seq: 1, what: 'join' },
  joined('a', [], 1),
  ack(1),
  roster(2, { joined: ['b'] }),
  sent(2, 'b', 'x', true),
  sent(3, 'b', 'y'),
  sent(4, 'r', 'hi'),
  message(3, 'a', 4, 'hi'),
  receipt(1, 2, true),
  ack(4),
];
const bob: Events = [
  opened(1),
  welcome('B'),
  joined('b', ['a'], 2),
  signal(1, 'a', 2, 'x'),
  signal(2, 'a', 3, 'y'),
  message(3, 'a', 4, 'hi'),
];

/** `events` with the one at `index` replaced by others. */
function put(events: Events, index: number, ...others: Events): Events {
  return [...events.slice(0, index), ...others, ...events.slice(index + 1)];
}

function rulesBroken(adas: Events, bobs: Events, ...more: readonly ClientHistory[]): Rule[] {
  const violations = checkHistory([history('ada', adas), history('bob', bobs), ...more]);
  return [...new Set(violations.map(({ rule }) => rule))];
}

const resumed: Events = [opened(2, 'B', 2, 2), welcome('B', 2, 2, 'resumed')];

describe('the history checker', () => {
  it('accepts a run in which nothing went wrong', () => {
    expect(rulesBroken(ada, bob)).toEqual([]);
  });

  it('accepts a resume, a refusal before its ack, a lost session, and a snapshot with its history', () => {
    const again = [...bob, ...resumed, signal(3, 'a', 5, 'z', 2)];
    expect(rulesBroken([...ada, sent(5, 'b', 'z'), ack(5)], again)).toEqual([]);
    expect(rulesBroken([...ada, sent(5, 'b', 'z'), error(2, 5), ack(5)], bob)).toEqual([]);
    const gone = roster(4, { left: ['b'] });
    expect(rulesBroken([...ada, sent(5, 'b', 'z'), ack(5), gone], [...bob, stopped])).toEqual([]);
    const history_ = [{ offset: 3, sender: 'a', senderSeq: 4, text: 'hi' }];
    expect(rulesBroken(ada, put(bob, 5, joined('b', ['a'], 3, { history: history_ })))).toEqual([]);
  });

  const cases: readonly (readonly [Rule, string, Events, Events])[] = [
    ['lost', 'an acknowledged signal never comes', ada, put(bob, 4)],
    ['lost', 'an acknowledged message has no echo', put(ada, 9, roster(3, {})), put(bob, 5, roster(3, {}))],
    [
      'untold',
      'the receiver is gone with the signal, and the roster does not tell',
      [...ada, sent(5, 'b', 'z'), ack(5)],
      [...bob, stopped],
    ],
    ['forged', 'a signal comes that nobody sent', ada, [...bob, signal(3, 'a', 9, 'x')]],
    ['forged', 'a signal comes altered', ada, put(bob, 4, signal(2, 'a', 3, 'why'))],
    ['forged', 'a signal comes to somebody else', [...ada, signal(2, 'a', 3, 'y')], bob],
    ['duplicate', 'a signal comes twice', ada, [...bob, signal(3, 'a', 3, 'y')]],
    [
      'reordered',
      'signals of one sender change places',
      ada,
      put(put(bob, 3, signal(1, 'a', 3, 'y')), 4, signal(2, 'a', 2, 'x')),
    ],
    ['refused-and-delivered', 'a refused signal comes', put(ada, 11, error(2, 3), ack(4)), bob],
    [
      'refused-twice',
      'a frame is refused twice',
      [...put(ada, 11), sent(5, 'q', 'z'), error(2, 5), error(3, 5), ack(5)],
      bob,
    ],
    [
      'error-before-ack',
      'an Error comes behind its ack',
      [...ada, sent(5, 'q', 'z'), ack(5), error(2, 5)],
      bob,
    ],
    ['early-ack', 'a frame is acknowledged that was not sent', [...ada, ack(5)], bob],
    ['unsettled', 'a frame is never acknowledged', put(ada, 11, ack(3)), bob],
    ['receipts', 'a receipt does not come', put(ada, 10), bob],
    ['receipts', 'a receipt comes twice', [...ada, receipt(2, 2, true)], bob],
    ['receipts', 'a receipt comes that nobody asked for', [...ada, receipt(2, 3, true)], bob],
    ['receipts', 'DELIVERED is not true', ada, put(bob, 3, { kind: 'other', lane: 1, inbox: 1, what: '' })],
    ['inbox-order', 'the inbox has a gap', ada, put(bob, 4, signal(3, 'a', 3, 'y'))],
    [
      'inbox-order',
      'the inbox repeats itself over a resume',
      ada,
      [...bob, ...resumed, signal(2, 'a', 3, 'y', 2)],
    ],
    [
      'room-order',
      'a room log has a gap',
      put(ada, 9, message(4, 'a', 4, 'hi')),
      put(bob, 5, message(4, 'a', 4, 'hi')),
    ],
    [
      'reordered',
      'Errors come in another order than their frames',
      [...ada.slice(0, 10), error(1, 3), error(2, 2), receipt(3, 2, false), ack(4)],
      [...bob.slice(0, 3), message(3, 'a', 4, 'hi')],
    ],
    ['room-order', 'a room log repeats itself', ada, [...bob, message(3, 'a', 4, 'hi')]],
    ['room-order', 'a snapshot jumps over a message, untold', ada, put(bob, 5, joined('b', ['a'], 3))],
    [
      'join-before-signal',
      'a signal comes before the join of its sender',
      ada,
      put(bob, 2, joined('b', [], 1), signal(1, 'a', 2, 'x'), roster(2, { joined: ['a'] })).toSpliced(5, 1),
    ],
    [
      'join-before-signal',
      'a signal comes before the Joined of its receiver',
      ada,
      [...bob.slice(0, 2), signal(1, 'a', 2, 'x'), joined('b', ['a'], 2), ...bob.slice(4)],
    ],
    ['room-equal', 'a member sees another message at an offset', ada, put(bob, 5, message(3, 'a', 3, 'y'))],
    ['room-equal', 'a member stays behind', ada, put(bob, 5)],
    ['roster', 'a roster lists somebody who is gone', ada, [...bob, stopped]],
    ['roster', 'a roster misses somebody', put(ada, 5, roster(2, {})), bob],
    ['attachment', 'a frame comes before Welcome', ada, put(bob, 1, ack(0), welcome('B'))],
    ['attachment', 'a frame comes behind Closed', ada, put(bob, 5, closed(), message(3, 'a', 4, 'hi'))],
    [
      'attachment',
      'an older attempt is welcomed after a newer one',
      ada,
      [
        ...bob,
        opened(2, 'B', 2, 2),
        welcome('B', 2, 3, 'resumed'),
        opened(3, 'B', 2, 2),
        welcome('B', 3, 2, 'resumed'),
      ],
    ],
    [
      'attachment',
      'an older connection goes on',
      ada,
      [...bob, ...resumed, { kind: 'stray', lane: 1, what: 'signal', after: 1500 }],
    ],
  ];

  it.each(cases)('finds %s where %s', (rule, _what, adas, bobs) => {
    expect(rulesBroken(adas, bobs)).toContain(rule);
  });

  it('finds a second client that goes on with a session that another one has taken', () => {
    const thief = history('eve', [
      opened(1, 'B', 2, 2),
      { ...welcome('B', 1, 2, 'resumed'), after: 20 },
      joined('b', ['a'], 3),
    ]);
    const goesOn = [...bob, { ...ack(0), after: 2000 }];
    expect(rulesBroken(ada, [...bob, closed(), { kind: 'stopped', how: 'told' }], thief)).toEqual([]);
    expect(rulesBroken(ada, goesOn, thief)).toEqual(['attachment']);
  });

  it('takes either of two that were welcomed in one moment, with one attempt, for the newer one, and not both', () => {
    const eve = (wait: number, ...more: Events) =>
      history('eve', [opened(1, 'B', 2, 2), { ...welcome('B', 1, 2, 'resumed'), after: wait }, ...more]);
    const bobGoesOn = [...bob, ...resumed, { ...signal(3, 'a', 5, 'z', 2), after: 2000 }];
    const eveGoesOn = { ...signal(3, 'a', 5, 'z'), after: 2000 };
    const ruled = (thief: ClientHistory) => rulesBroken([...ada, sent(5, 'b', 'z')], bobGoesOn, thief);
    expect(ruled(eve(17))).not.toContain('attachment');
    expect(ruled(eve(17, eveGoesOn))).toContain('attachment');
    expect(ruled(eve(200))).toContain('attachment');
  });

  it('finds a session that ended before its window', () => {
    const back = (after: number) => {
      const fresh = { ...welcome('C', 2, 1, 'fresh'), after };
      return checkWindows(history('bob', [opened(1), welcome('B'), opened(2, 'B', 2), fresh]), 3000);
    };
    expect(back(2900).map(({ rule }) => rule)).toEqual(['window']);
    expect(back(3100)).toEqual([]);
  });

  it('finds what is left after a drain, errors, and an event loop that stood still', () => {
    expect(checkDrained({ sessions: 0, sockets: 0 })).toEqual([]);
    expect(checkDrained({ sessions: 1 })).toMatchObject([{ rule: 'gauges', detail: '1 sessions are left' }]);
    const well = { unhandled: [], errors: [], longestStallMs: 40 };
    expect(checkHealth('gateway', well)).toEqual([]);
    for (const ill of [{ unhandled: ['x'] }, { errors: ['x'] }, { longestStallMs: 501 }]) {
      expect(checkHealth('gateway', { ...well, ...ill })).toMatchObject([{ rule: 'health' }]);
    }
  });

  it('says what it found in a few lines', () => {
    const violations = checkHistory([history('ada', put(ada, 11, ack(3))), history('bob', bob)]);
    expect(describeViolations(violations)).toBe(
      'unsettled: 1\n    ada: #4 "hi" to room r: the session lives, and is acknowledged up to 3 only',
    );
  });
});
