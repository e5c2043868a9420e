import { expect, it } from 'vitest';
import type { SessionState } from '../../src/client/index.ts';
import { allReasons } from '../../src/client/index.ts';
import type { CallFacts } from '../../web/model/phase.ts';
import { endOf, phaseOf } from '../../web/model/phase.ts';

const CONNECTED: SessionState = { status: 'connected', transport: 'websocket' };
const FACTS: CallFacts = { session: CONNECTED, pending: undefined, joined: true, others: 0, online: true };
const reconnecting: SessionState = {
  status: 'reconnecting',
  since: new Date(500),
  attempt: 2,
  reason: 'unreachable',
};

it.each<[string, Partial<CallFacts>, object]>([
  ['connecting at first', { session: undefined, joined: false }, { is: 'connecting' }],
  ['connecting until it is joined', { joined: false }, { is: 'connecting' }],
  ['alone', {}, { is: 'alone' }],
  ['a call with others', { others: 2 }, { is: 'in_call', others: 2 }],
  [
    'waiting in the lobby',
    { joined: false, pending: { reason: 'lobby', position: 3 } },
    { is: 'knocking', reason: 'lobby', position: 3 },
  ],
  [
    'waiting for the room to open',
    { joined: false, pending: { reason: 'not_started', position: 0 } },
    { is: 'knocking', reason: 'not_started', position: 0 },
  ],
  [
    'going on without signaling',
    { session: reconnecting, others: 1 },
    { is: 'reconnecting', since: 500, attempt: 2 },
  ],
  ['going on without a network', { session: reconnecting, online: false }, { is: 'offline', since: 500 }],
  // Some browsers say 'offline' of a network that carries on.
  [
    'as it was while frames flow, whatever the browser says',
    { online: false, others: 1 },
    { is: 'in_call', others: 1 },
  ],
  ['put away', { session: { status: 'suspended' } }, { is: 'suspended' }],
  [
    'over',
    { session: { status: 'closed', reason: 'replaced', next: 'stop', detail: '' } },
    { is: 'over', end: { end: 'replaced', reason: 'replaced', again: 'take_over' } },
  ],
])('is %s', (_title, facts, phase) => {
  expect(phaseOf({ ...FACTS, ...facts })).toEqual(phase);
});

it('knows each reason that ends a call for a person', () => {
  const known = allReasons.filter((reason) => endOf(reason).end !== 'other');
  expect(known).toEqual(
    expect.arrayContaining([
      'left',
      'replaced',
      'removed',
      'banned',
      'room_full',
      'room_locked',
      'room_closed',
      'lobby_denied',
      'moved',
      'room_not_found',
      'not_started',
      'unreachable',
      'token_expired',
      'overloaded',
    ]),
  );
  for (const reason of allReasons) expect(endOf(reason).reason).toBe(reason);
});

it('takes STOP without a reason that is known for a gateway that has closed for good', () => {
  expect(endOf('internal', 'stop')).toEqual({ end: 'gateway_closed', reason: 'internal', again: 'later' });
  expect(endOf('draining', 'reconnect').again).toBe('rejoin');
});
