import { expect, it } from 'vitest';
import type { RefusalFacts } from '../../web/model/refusal.ts';
import { refusalOf } from '../../web/model/refusal.ts';

const FACTS: RefusalFacts = { browser: 'safari', permission: undefined, framed: false, tookMs: 3_000 };

it.each([
  ['NotAllowedError', 'Permission denied', undefined, 'denied'],
  ['NotAllowedError', 'Permission dismissed', undefined, 'dismissed'],
  ['NotAllowedError', 'The request is not allowed by the user agent', 'prompt', 'dismissed'],
  ['NotAllowedError', 'The request is not allowed by the user agent', 'denied', 'denied'],
  ['NotAllowedError', 'Permissions policy: camera is not allowed in this document', undefined, 'policy'],
  ['NotFoundError', 'Requested device not found', undefined, 'none'],
  ['OverconstrainedError', '', undefined, 'none'],
  ['NotReadableError', 'Device in use', undefined, 'busy'],
  ['AbortError', 'Starting videoinput failed', undefined, 'busy'],
  ['NotSupportedError', 'Not supported', undefined, 'unsupported'],
  ['InvalidStateError', 'hm', undefined, 'unknown'],
] as const)('reads %s (%s, permission %s) as %s', (name, message, permission, why) => {
  expect(refusalOf(new DOMException(message, name), { ...FACTS, permission }).why).toBe(why);
});

it('tells the system that denies from the visitor', () => {
  const by = (message: string, permission?: PermissionState) =>
    refusalOf(new DOMException(message, 'NotAllowedError'), { ...FACTS, permission });
  expect(by('Permission denied by system')).toMatchObject({ why: 'denied', by: 'system' });
  expect(by('no', 'granted')).toMatchObject({ why: 'denied', by: 'system' });
  expect(by('no', 'denied')).toMatchObject({ why: 'denied', by: 'site', browser: 'safari' });
});

it('keeps what it does not know, for the report', () => {
  expect(refusalOf(new TypeError('odd'), FACTS)).toEqual({ why: 'unknown', detail: 'TypeError: odd' });
  expect(refusalOf('odd', FACTS)).toEqual({ why: 'unknown', detail: 'odd' });
});
