import { describe, expect, it } from 'vitest';
import { readClaims } from '../../src/auth/claims.ts';
import { RevocationList } from '../../src/auth/revocation-list.ts';
import { noon } from '../helpers/auth-kit.ts';

const second = noon / 1000;
const grantsOf = (claims: object, tenant = '') => readClaims({ ...claims }, { kid: 'main', tenant });

function kit(options: { keepMs?: number; entries?: number } = {}) {
  const clock = { time: noon };
  return { clock, list: new RevocationList({ now: () => clock.time, ...options }) };
}

describe('a revoked token id', () => {
  it('is void in its tenant and in no other', () => {
    const { list } = kit();
    list.revoke({ tenant: 'a', tokenIds: ['t1', 't2'], identity: '' });
    expect(list.isRevoked(grantsOf({ jti: 't1' }, 'a'))).toBe(true);
    expect(list.isRevoked(grantsOf({ jti: 't2' }, 'a'))).toBe(true);
    expect(list.isRevoked(grantsOf({ jti: 't3' }, 'a'))).toBe(false);
    expect(list.isRevoked(grantsOf({ jti: 't1' }, 'b'))).toBe(false);
    expect(list.isRevoked(grantsOf({}, 'a'))).toBe(false);
  });

  it('is no identity', () => {
    const { list } = kit();
    list.revoke({ tenant: '', tokenIds: ['ada'], identity: '' });
    expect(list.isRevoked(grantsOf({ sub: 'ada' }))).toBe(false);
  });
});

describe('a revoked identity', () => {
  it('loses its tokens of until now, those without iat too, and no later one', () => {
    const { list, clock } = kit();
    clock.time = noon + 500;
    list.revoke({ tenant: '', tokenIds: [], identity: 'ada' });
    expect(list.isRevoked(grantsOf({ sub: 'ada', iat: second - 100 }))).toBe(true);
    expect(list.isRevoked(grantsOf({ sub: 'ada', iat: second + 0.5 }))).toBe(true);
    expect(list.isRevoked(grantsOf({ sub: 'ada' }))).toBe(true);
    expect(list.isRevoked(grantsOf({ sub: 'ada', iat: second + 0.501 }))).toBe(false);
    expect(list.isRevoked(grantsOf({ sub: 'bo', iat: second }))).toBe(false);
  });
});

describe('what a revocation returns', () => {
  it('tells the sessions that it concerns', () => {
    const { list } = kit();
    const matches = list.revoke({ tenant: '', tokenIds: ['t1'], identity: 'ada' });
    expect(matches?.(grantsOf({ sub: 'ada' }))).toBe(true);
    expect(matches?.(grantsOf({ sub: 'bo', jti: 't1' }))).toBe(true);
    expect(matches?.(grantsOf({ sub: 'bo', jti: 't2' }))).toBe(false);
    expect(matches?.(grantsOf({}))).toBe(false);
    expect(matches?.(grantsOf({ sub: 'ada' }, 'other'))).toBe(false);
  });
});

describe('the list', () => {
  it('keeps a revocation for its time, and as long as a token lives that was presented in it', () => {
    const { list, clock } = kit({ keepMs: 10_000 });
    list.revoke({ tenant: '', tokenIds: ['short', 'long', 'endless'], identity: '' });
    const long = grantsOf({ jti: 'long', exp: second + 60 });
    const endless = grantsOf({ jti: 'endless' });
    list.isRevoked(long);
    list.isRevoked(endless);
    clock.time = noon + 10_000;
    expect(list.isRevoked(grantsOf({ jti: 'short' }))).toBe(false);
    expect(list.isRevoked(long)).toBe(true);
    clock.time = noon + 10 ** 12;
    expect(list.isRevoked(endless)).toBe(true);
  });

  it('does not shorten a revocation that is said twice', () => {
    const { list, clock } = kit({ keepMs: 10_000 });
    const revocation = { tenant: '', tokenIds: ['t'], identity: '' };
    list.revoke(revocation);
    list.isRevoked(grantsOf({ jti: 't', exp: second + 60 }));
    list.revoke(revocation);
    clock.time = noon + 30_000;
    expect(list.isRevoked(grantsOf({ jti: 't', exp: second + 60 }))).toBe(true);
  });

  it('that is full refuses rather than forgets, and makes room from what has ended', () => {
    const { list, clock } = kit({ keepMs: 10_000, entries: 2 });
    expect(list.revoke({ tenant: '', tokenIds: ['a', 'b'], identity: '' })).toBeDefined();
    expect(list.revoke({ tenant: '', tokenIds: [], identity: 'ada' })).toBeUndefined();
    expect(list.isRevoked(grantsOf({ jti: 'a', exp: second + 1 }))).toBe(true);
    clock.time = noon + 10_000;
    expect(list.revoke({ tenant: '', tokenIds: [], identity: 'ada' })).toBeDefined();
    expect(list.size).toBe(1);
  });
});
