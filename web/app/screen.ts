import type { Reason } from '../../src/client/index.ts';
import type { End } from '../model/phase.ts';
import type { Call } from './call.ts';

export type Kind = 'camera' | 'microphone';

/**
 * Where the visitor is. 'before': the form. 'connecting': no answer yet. 'waiting': until a host lets them in, or the room opens.
 * 'call': in it, whatever the connection does. 'after': out of it, or not let in, and why.
 */
export type Screen =
  | { readonly at: 'before' }
  | { readonly at: 'connecting' }
  | { readonly at: 'waiting'; readonly reason: 'lobby' | 'not_started'; readonly position: number }
  | { readonly at: 'call'; readonly call: Call }
  | { readonly at: 'after'; readonly end: End };

const IN_FORM: ReadonlySet<Reason> = new Set([
  'malformed',
  'too_large',
  'token_invalid',
  'token_expired',
  'token_revoked',
  'denied',
  'rate_limited',
  'internal',
  'unsupported',
  'upgrade_required',
]);

/** Whether a refused join is told where the visitor can change what was typed. */
export function staysInForm(reason: Reason): boolean {
  return IN_FORM.has(reason);
}
