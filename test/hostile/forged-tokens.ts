import { SignJWT } from 'jose';
import { secretOf } from '../helpers/auth-kit.ts';
import { signingKey } from '../helpers/e2e-gateway.ts';

/** What a token is made of, unless a row says otherwise. */
interface Recipe {
  readonly secret?: string;
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
}

const typ = 'signalbox+jwt';

async function sign({ secret = signingKey.secret, header, claims }: Recipe = {}): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000);
  const payload = { sub: 'eve', iat: seconds, exp: seconds + 600, adm: true, ...claims };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', typ, kid: signingKey.kid, ...header })
    .sign(Buffer.from(secret, 'base64url'));
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function tampered(): Promise<string> {
  const [header = '', claims = '', signature = ''] = (await sign({ claims: { adm: false } })).split('.');
  const read = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object;
  return [header, encode({ ...read, adm: true }), signature].join('.');
}

/** Tokens that must not open anything, and what is said of each. */
export const forgedTokens: readonly (readonly [
  what: string,
  make: () => Promise<string> | string,
  reason: 'TOKEN_INVALID' | 'TOKEN_EXPIRED',
  detail: RegExp,
])[] = [
  ['that is no JWT', () => 'let-me-in', 'TOKEN_INVALID', /not a signed JWT/],
  [
    'that has ended',
    () => sign({ claims: { iat: 1_700_000_000, exp: 1_700_000_600 } }),
    'TOKEN_EXPIRED',
    /^the token ended at/,
  ],
  [
    'that is not valid yet',
    () => sign({ claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }),
    'TOKEN_INVALID',
    /not valid yet/,
  ],
  [
    'of the future',
    () => sign({ claims: { iat: Math.floor(Date.now() / 1000) + 600 } }),
    'TOKEN_INVALID',
    /claim iat: lies in the future/,
  ],
  [
    'without signature (alg none)',
    () => `${encode({ alg: 'none', typ, kid: signingKey.kid })}.${encode({ sub: 'eve', adm: true })}.`,
    'TOKEN_INVALID',
    /signs with HS256, and not with the token's "alg"/,
  ],
  [
    'of another algorithm',
    () => sign({ secret: secretOf('e2e') + secretOf('e2e'), header: { alg: 'HS512' } }),
    'TOKEN_INVALID',
    /signs with HS256/,
  ],
  [
    'signed with another secret',
    () => sign({ secret: secretOf('guess') }),
    'TOKEN_INVALID',
    /signature does not fit/,
  ],
  [
    'of an unknown key',
    () => sign({ header: { kid: 'other' } }),
    'TOKEN_INVALID',
    /no key with the token's kid "other"/,
  ],
  ['without kid', () => sign({ header: { kid: undefined } }), 'TOKEN_INVALID', /no "kid"/],
  ['of another type', () => sign({ header: { typ: 'JWT' } }), 'TOKEN_INVALID', /"typ":"signalbox\+jwt"/],
  ['whose claims were changed', tampered, 'TOKEN_INVALID', /signature does not fit/],
  ['with a claim of a wrong type', () => sign({ claims: { room: 7 } }), 'TOKEN_INVALID', /claim room/],
  ['of 20,000 characters', () => 'x'.repeat(20_000), 'TOKEN_INVALID', /more than 16384 characters/],
];

/** A token as it should be: proof that the rows above fail for their own reason. */
export const goodToken = (): Promise<string> => sign();
