import { createHmac } from 'node:crypto';
import { jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { readSecretToken } from '../../src/auth/secret-token.ts';
import { noon, secretOf, verifierKit } from '../helpers/auth-kit.ts';

const leewayMs = 5000;
const second = noon / 1000;
const secret = Buffer.from(secretOf('a'), 'base64url');
const main = { kid: 'main', alg: 'HS256', secret: secretOf('a'), issuer: 'us', audience: 'rtc' };

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function signed(header: string, claims: string, key: Buffer = secret): string {
  const input = `${header}.${claims}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

const header = { alg: 'HS256', typ: 'signalbox+jwt', kid: 'main' };
const claims = { sub: 'ada', iss: 'us', aud: 'rtc', exp: second + 60 };
const usual = part(claims);

const headers: Record<string, string> = {
  usual: part(header),
  'of another algorithm': part({ ...header, alg: 'HS512' }),
  'of no algorithm': part({ ...header, alg: 'none' }),
  'of a number for an algorithm': part({ ...header, alg: 256 }),
  'of another type': part({ ...header, typ: 'JWT' }),
  'without a type': part({ ...header, typ: undefined }),
  'of a type in capitals': part({ ...header, typ: 'SIGNALBOX+JWT' }),
  'of a type with its prefix': part({ ...header, typ: 'application/signalbox+jwt' }),
  'of another key': part({ ...header, kid: 'other' }),
  'with an extension': part({ ...header, crit: ['x'], x: 1 }),
  'with an empty crit': part({ ...header, crit: [] }),
  'with b64 false': part({ ...header, b64: false, crit: ['b64'] }),
  'with a key inside': part({ ...header, jwk: { kty: 'oct', k: 'AAAA' } }),
  'that says its algorithm twice': part('{"alg":"none","typ":"signalbox+jwt","kid":"main","alg":"HS256"}'),
  'that is a list': part([header]),
  'that is no JSON': part('{'),
  'with a byte-order mark': part(`\ufeff${JSON.stringify(header)}`),
  'in base64 with padding': Buffer.from(JSON.stringify(header)).toString('base64'),
  'with a character too many': `${part(header)}A`,
  empty: '',
};

const bodies: Record<string, string> = {
  usual,
  'of another issuer': part({ ...claims, iss: 'them' }),
  'of no issuer': part({ ...claims, iss: undefined }),
  'for many': part({ ...claims, aud: ['x', 'rtc'] }),
  'for others': part({ ...claims, aud: ['x'] }),
  'for nobody': part({ ...claims, aud: undefined }),
  'for a part of us': part({ ...claims, aud: 'rt' }),
  'that ended just now': part({ ...claims, exp: second - 5 }),
  'that ends in a moment': part({ ...claims, exp: second - 4 }),
  'that ends at a text': part({ ...claims, exp: '9999999999' }),
  'that never ends': part({ ...claims, exp: undefined }),
  'that ends at null': part({ ...claims, exp: null }),
  'that begins in a moment': part({ ...claims, nbf: second + 5 }),
  'that begins later': part({ ...claims, nbf: second + 6 }),
  'that begins at a text': part({ ...claims, nbf: '0' }),
  'made at a text': part({ ...claims, iat: 'now' }),
  'made at a fraction': part({ ...claims, iat: second - 0.25 }),
  'with prototypes': part(`{"__proto__":{"iss":"us"},"aud":"rtc","exp":${second + 60}}`),
  'that is a list': part([claims]),
  'that is null': part('null'),
  'that is no JSON': part('{'),
  'that is no UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url'),
  'with a byte-order mark': part(`\ufeff${JSON.stringify(claims)}`),
  'with white space inside': `${usual.slice(0, 8)}\n${usual.slice(8)}`,
  empty: '',
};

const spoilt: Record<string, (token: string) => string> = {
  'as it is': (token) => token,
  'with another first letter of its signature': (token) => {
    const at = token.lastIndexOf('.') + 1;
    return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
  },
  'with half of its signature': (token) => token.slice(0, -21),
  'without a signature': (token) => token.slice(0, token.lastIndexOf('.') + 1),
  'with something behind it': (token) => `${token}.e30`,
  'with a new line behind it': (token) => `${token}\n`,
};

describe('the short way of a token', () => {
  it('takes none that jose does not take, and the same claims of those that it takes', async () => {
    const { store } = await verifierKit([main]);
    const options = {
      algorithms: ['HS256'],
      typ: 'signalbox+jwt',
      issuer: 'us',
      audience: 'rtc',
      clockTolerance: leewayMs / 1000,
      currentDate: new Date(noon),
    };
    const taken: string[] = [];
    for (const [its, head] of Object.entries(headers)) {
      for (const [which, body] of Object.entries(bodies)) {
        for (const [how, spoil] of Object.entries(spoilt)) {
          const token = spoil(signed(head, body));
          const ours = readSecretToken(token, store.current, noon, leewayMs);
          if (ours === undefined) continue;
          taken.push(`${its}; ${which}; ${how}`);
          const { payload } = await jwtVerify(token, secret, options);
          expect(ours.claims).toEqual(payload);
          expect(ours.key.kid).toBe('main');
        }
      }
    }
    const good = ['usual', 'for many', 'that ends in a moment', 'that never ends', 'that begins in a moment'];
    const expected = [...good, 'made at a fraction'].flatMap((which) =>
      ['usual', 'that says its algorithm twice'].map((its) => `${its}; ${which}; as it is`),
    );
    expect(taken.sort()).toEqual(expected.sort());
  });

  it('takes none that another secret signed', async () => {
    const { store } = await verifierKit([main]);
    const other = Buffer.from(secretOf('b'), 'base64url');
    const token = signed(part(header), usual, other);
    expect(readSecretToken(token, store.current, noon, leewayMs)).toBeUndefined();
  });
});
