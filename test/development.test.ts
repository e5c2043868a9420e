import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { DevelopmentTokens } from '../src/development.ts';
import { noon, secretOf, verifierKit } from './helpers/auth-kit.ts';

describe('a development token', () => {
  it('is renewed by the gateway for a week, unless it says otherwise', async () => {
    const { store, now } = await verifierKit([{ kid: 'dev', alg: 'HS256', secret: secretOf('a') }]);
    const tokens = new DevelopmentTokens({ keys: store, now, newTokenId: () => 'one', origins: [] });
    const { exp, renew } = decodeJwt(await tokens.issue({ identity: 'ada' }));
    expect([exp, renew]).toEqual([noon / 1000 + 12 * 3600, noon / 1000 + 7 * 86_400]);
    expect(decodeJwt(await tokens.issue({ renewUntil: 0 }))).not.toHaveProperty('renew');
  });
});
