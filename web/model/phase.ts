import type { NextStep, Pending, Reason, SessionState } from '../../src/client/index.ts';

/** What is known of a call that was begun. */
export interface CallFacts {
  /** undefined: `connect` has not resolved yet. */
  readonly session: SessionState | undefined;
  /** The join waits. */
  readonly pending: Pending | undefined;
  readonly joined: boolean;
  readonly others: number;
  /** What the browser says of the network. */
  readonly online: boolean;
}

/**
 * Where a call stands. 'reconnecting': signaling is lost and being restored, pictures and sound go on. 'offline': the same,
 * and the browser says that there is no network at all. `since` in milliseconds since 1970.
 */
export type Phase =
  | { readonly is: 'connecting' }
  | { readonly is: 'knocking'; readonly reason: 'lobby' | 'not_started'; readonly position: number }
  | { readonly is: 'alone' }
  | { readonly is: 'in_call'; readonly others: number }
  | { readonly is: 'reconnecting'; readonly since: number; readonly attempt: number }
  | { readonly is: 'offline'; readonly since: number }
  | { readonly is: 'suspended' }
  | { readonly is: 'over'; readonly end: End };

export function phaseOf({ session, pending, joined, others, online }: CallFacts): Phase {
  switch (session?.status) {
    case 'closed':
      return { is: 'over', end: endOf(session.reason, session.next) };
    case 'suspended':
      return { is: 'suspended' };
    case 'reconnecting': {
      const since = session.since.getTime();
      if (!online) return { is: 'offline', since };
      return { is: 'reconnecting', since, attempt: session.attempt };
    }
    case 'connecting':
    case undefined:
      return { is: 'connecting' };
    case 'connected':
      if (joined) return others === 0 ? { is: 'alone' } : { is: 'in_call', others };
      if (pending === undefined) return { is: 'connecting' };
      return {
        is: 'knocking',
        reason: pending.reason === 'not_started' ? 'not_started' : 'lobby',
        position: pending.position,
      };
  }
}

/** How a call ended, or why it did not begin. */
export type EndKind =
  | 'left'
  | 'replaced'
  | 'removed'
  | 'banned'
  | 'full'
  | 'locked'
  | 'not_let_in'
  | 'ended'
  | 'moved'
  | 'not_found'
  | 'not_started'
  | 'gateway_closed'
  | 'unreachable'
  | 'token'
  | 'busy'
  | 'other';

/**
 * What the visitor may do then. 'rejoin': at once. 'take_over': joins here, and the other tab is out. 'later': the same try
 * may succeed in a while. 'new_token': with another token. 'no': nothing.
 */
export type Again = 'rejoin' | 'take_over' | 'later' | 'new_token' | 'no';

export interface End {
  readonly end: EndKind;
  readonly reason: Reason;
  readonly again: Again;
}

const ENDS: Readonly<Partial<Record<Reason, readonly [EndKind, Again]>>> = {
  left: ['left', 'rejoin'],
  cancelled: ['left', 'rejoin'],
  replaced: ['replaced', 'take_over'],
  identity_in_use: ['replaced', 'take_over'],
  removed: ['removed', 'rejoin'],
  banned: ['banned', 'no'],
  room_full: ['full', 'later'],
  room_locked: ['locked', 'later'],
  lobby_denied: ['not_let_in', 'rejoin'],
  room_closed: ['ended', 'rejoin'],
  moved: ['moved', 'rejoin'],
  room_not_found: ['not_found', 'later'],
  not_started: ['not_started', 'later'],
  unreachable: ['unreachable', 'rejoin'],
  token_invalid: ['token', 'new_token'],
  token_expired: ['token', 'new_token'],
  token_revoked: ['token', 'new_token'],
  denied: ['token', 'new_token'],
  overloaded: ['busy', 'later'],
  rate_limited: ['busy', 'later'],
};

/** `next`: what the gateway said to do; STOP makes an end that is not known one for good. */
export function endOf(reason: Reason, next?: NextStep): End {
  const [end, again] = ENDS[reason] ?? (next === 'stop' ? ['gateway_closed', 'later'] : ['other', 'rejoin']);
  return { end, reason, again };
}
