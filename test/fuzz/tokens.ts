import { createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { importJWK, type JWK, SignJWT } from 'jose';
import { isRefusal } from '../../src/core/grants.ts';
import { noon, secretOf, verifierKit } from '../helpers/auth-kit.ts';
import type { Random } from '../property/fuzz/random.ts';
import { mutateJson } from './kit/json-text.ts';
import { mutateBytes } from './kit/mutate-bytes.ts';
import { wrong } from './kit/rpc-verdict.ts';
import type { FuzzTarget, Input, OpenTarget, Verdict } from './target.ts';

const TYP = 'signalbox+jwt';
const seconds = noon / 1000;

interface TestKey {
  readonly kid: string;
  readonly alg: 'HS256' | 'ES256' | 'EdDSA';
  readonly tenant: string;
  /** Checks a signature by node:crypto alone. */
  verifies(signed: string, signature: Buffer): boolean;
}

/**
 * Tokens, to the verifier. What it accepts must carry a signature that a second implementation (node:crypto) finds good,
 * by the algorithm of the key file, and must grant what the signed claims say.
 */
export const tokensTarget: FuzzTarget = {
  name: 'tokens',
  async open(): Promise<OpenTarget> {
    const { entries, keys, privateKeys } = await makeKeys();
    const kit = await verifierKit(entries, { cacheEntries: 0 });
    let logged = 0;
    const seeds = await makeSeeds(privateKeys);
    return {
      seeds,
      width: 8,
      costMs: 200,
      generate: (random, pool) => generate(random, pool, keys),
      async run(input) {
        const token = Buffer.from(input[0] ?? []).toString('latin1');
        const result = await kit.verifier.verify(token);
        if (!isRefusal(result)) return judge(token, keys, result);
        const { reason, detail } = result;
        if (!['invalid', 'expired'].includes(reason)) return wrong(`refused as ${reason}`);
        return detail === ''
          ? wrong('refused without a word')
          : { kind: `${reason}: ${detail.split(/[:"(]/)[0]?.slice(0, 30)}` };
      },
      faults() {
        const lines = kit.log.lines.slice(logged).filter(({ level }) => level !== 'info');
        logged = kit.log.lines.length;
        return lines.map(
          ({ message, fields }) => `logged: ${message} ${String((fields as { err?: unknown }).err)}`,
        );
      },
      check: async () => {},
      close: async () => {},
    };
  },
};

/** What was accepted must be signed, and say what is granted. */
function judge(
  token: string,
  keys: readonly TestKey[],
  grants: Extract<
    Awaited<ReturnType<Awaited<ReturnType<typeof verifierKit>>['verifier']['verify']>>,
    { tenant: string }
  >,
): Verdict {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  if (more.length > 0) return wrong('accepted what has more than three parts');
  const header = parse(head);
  const claims = parse(body);
  if (header === undefined || claims === undefined) return wrong('accepted what is no JSON');
  const key = keys.find(({ kid }) => kid === header.kid);
  if (key === undefined) return wrong(`accepted kid ${JSON.stringify(header.kid)}`);
  const isAlg = header.alg === key.alg || (key.alg === 'EdDSA' && header.alg === 'Ed25519');
  if (!isAlg) return wrong(`accepted alg ${JSON.stringify(header.alg)} for ${key.alg}`);
  if (!key.verifies(`${head}.${body}`, Buffer.from(signature, 'base64url')))
    return wrong('accepted a signature that does not fit');
  if (header.crit !== undefined) return wrong('accepted a critical extension');
  if (
    String(header.typ)
      .toLowerCase()
      .replace(/^application\//, '') !== TYP
  )
    return wrong(`accepted typ ${JSON.stringify(header.typ)}`);
  const now = Number(seconds);
  const exp = claims.exp ?? Number.POSITIVE_INFINITY;
  if (typeof exp !== 'number' || exp + 5 <= now) return wrong(`accepted exp ${JSON.stringify(claims.exp)}`);
  if (claims.nbf !== undefined && !(typeof claims.nbf === 'number' && claims.nbf <= now + 5))
    return wrong(`accepted nbf ${JSON.stringify(claims.nbf)}`);
  if (claims.iat !== undefined && !(typeof claims.iat === 'number' && claims.iat <= now + 5))
    return wrong(`accepted iat ${JSON.stringify(claims.iat)}`);
  const expected = {
    tenant: key.tenant,
    keyId: key.kid,
    identity: claims.sub ?? '',
    name: claims.name ?? '',
    room: claims.room ?? '',
    role: claims.role ?? '',
    admin: claims.adm ?? false,
    mayCreate: claims.create ?? false,
    tokenId: claims.jti ?? '',
  };
  for (const [name, value] of Object.entries(expected)) {
    const granted = grants[name as keyof typeof expected];
    if (granted !== value)
      return wrong(`granted ${name} ${JSON.stringify(granted)}, signed is ${JSON.stringify(value)}`);
  }
  if (grants.expiresAt !== (typeof claims.exp === 'number' ? Math.round(exp * 1000) : exp))
    return wrong(`granted until ${grants.expiresAt}`);
  const attributes = Object.entries(grants.attributes);
  if (attributes.some(([, value]) => typeof value !== 'string'))
    return wrong('granted attributes that are no texts');
  return { kind: `accepted ${key.alg}` };
}

/** A byte order mark may be there and says nothing (RFC 8259, section 8.1); jose passes over it, and so does `TextDecoder`. */
function parse(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(Buffer.from(part, 'base64url'))) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

type Signers = Readonly<Record<string, CryptoKey | Uint8Array>>;

/** Key pairs that are the same in every run, so that kept tokens stay good. */
const ecKey: JWK = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
  d: '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
};
const edKey: JWK = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
};

async function makeKeys(): Promise<{ entries: object[]; keys: TestKey[]; privateKeys: Signers }> {
  const [main, other] = [secretOf('fuzz'), secretOf('tenant')];
  const publicOf = ({ d: _private, ...jwk }: JWK): JWK => jwk;
  const entries = [
    { kid: 'main', alg: 'HS256', secret: main },
    { kid: 'other', alg: 'HS256', secret: other, tenant: 'school' },
    { kid: 'ec', alg: 'ES256', jwk: publicOf(ecKey) },
    { kid: 'ed', alg: 'EdDSA', jwk: publicOf(edKey), tenant: 'cams' },
  ];
  const secretKey = (kid: string, tenant: string, secret: string): TestKey => ({
    kid,
    alg: 'HS256',
    tenant,
    verifies: (signed, signature) =>
      createHmac('sha256', Buffer.from(secret, 'base64url')).update(signed).digest().equals(signature),
  });
  const publicKey = (jwk: JWK): KeyObject => createPublicKey({ key: publicOf(jwk) as never, format: 'jwk' });
  const [ec, ed] = [publicKey(ecKey), publicKey(edKey)];
  return {
    entries,
    keys: [
      secretKey('main', '', main),
      secretKey('other', 'school', other),
      {
        kid: 'ec',
        alg: 'ES256',
        tenant: '',
        verifies: (signed, signature) =>
          verify('sha256', Buffer.from(signed), { key: ec, dsaEncoding: 'ieee-p1363' }, signature),
      },
      {
        kid: 'ed',
        alg: 'EdDSA',
        tenant: 'cams',
        verifies: (signed, signature) => verify(null, Buffer.from(signed), ed, signature),
      },
    ],
    privateKeys: {
      main: Buffer.from(main, 'base64url'),
      other: Buffer.from(other, 'base64url'),
      ec: (await importJWK(ecKey, 'ES256')) as CryptoKey,
      ed: (await importJWK(edKey, 'EdDSA')) as CryptoKey,
    },
  };
}

async function makeSeeds(signers: Signers): Promise<Input[]> {
  const claims = {
    sub: 'alice',
    name: 'Alice',
    room: 'demo*',
    role: 'host',
    perm: { moderate: true, publish: ['camera'] },
    attrs: { team: 'red' },
    kind: 'person',
    create: true,
    adm: false,
    jti: 't1',
    iat: seconds - 10,
    nbf: seconds - 10,
    exp: seconds + 3600,
  };
  const algs: Readonly<Record<string, string>> = { main: 'HS256', other: 'HS256', ec: 'ES256', ed: 'EdDSA' };
  const seeds: Input[] = [];
  for (const [kid, key] of Object.entries(signers)) {
    for (const payload of [claims, { sub: 'bob' }, { adm: true, exp: seconds + 60 }, {}]) {
      const token = await new SignJWT(payload)
        .setProtectedHeader({ alg: algs[kid] ?? '', typ: TYP, kid })
        .sign(key);
      seeds.push([Buffer.from(token)]);
    }
  }
  return seeds;
}

const HEADERS: readonly object[] = [
  { alg: 'none' },
  { alg: 'None' },
  { alg: 'HS512' },
  { alg: 'HS256' },
  { alg: ['HS256'] },
  { alg: 'Ed25519' },
  { typ: 'JWT' },
  { typ: 'application/signalbox+jwt' },
  { typ: ['signalbox+jwt'] },
  { kid: '../../etc/passwd' },
  { kid: '__proto__' },
  { kid: '' },
  { kid: ['main'] },
  { kid: 'main\u0000' },
  { crit: ['b64'], b64: false },
  { crit: ['exp'], exp: 1 },
  { b64: false },
  { jwk: { kty: 'oct', k: 'AAAA' } },
  { jku: 'http://127.0.0.1:1/keys' },
  { x5u: 'http://127.0.0.1:1/cert' },
  { zip: 'DEF' },
  { cty: 'JWT' },
];
const CLAIMS: readonly object[] = [
  { exp: seconds - 1 },
  { exp: seconds - 6 },
  { exp: String(seconds + 60) },
  { exp: 1e300 },
  { exp: -1 },
  { nbf: seconds + 60 },
  { iat: seconds + 60 },
  { sub: '' },
  { sub: 'x'.repeat(129) },
  { sub: { a: 1 } },
  { sub: 'a\u0000b' },
  { adm: 'true' },
  { adm: 1 },
  { attrs: { __proto__: 'x', constructor: 'y' } },
  { attrs: Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`k${index}`, 'v'])) },
  { perm: { everything: true } },
  { perm: null },
  { room: '' },
  { kind: 'god' },
  { iss: 'somebody', aud: ['x', 1] },
];

function generate(random: Random, pool: readonly Input[], keys: readonly TestKey[]): Input {
  const token = Buffer.from(random.pick(pool)[0] ?? []).toString('latin1');
  const [head = '', body = '', signature = ''] = token.split('.');
  const [otherHead = '', otherBody = '', otherSignature = ''] = Buffer.from(random.pick(pool)[0] ?? [])
    .toString('latin1')
    .split('.');
  const header = random.chance(2) ? head : changePart(random, head, HEADERS);
  const claims = random.chance(3) ? body : changePart(random, body, CLAIMS);
  const text = (...parts: readonly string[]): Input => [Buffer.from(parts.join('.'), 'latin1')];
  switch (random.below(9)) {
    case 0:
      return [mutateBytes(random, Buffer.from(token, 'latin1'), [Buffer.from(otherBody, 'latin1')])];
    case 1:
      return text(header, claims, signature);
    case 2:
      return text(
        random.pick([head, otherHead]),
        random.pick([body, otherBody]),
        random.pick([signature, otherSignature]),
      );
    case 3:
      return text(
        header,
        claims,
        random.pick([
          '',
          'AA',
          signature.slice(0, -1),
          `${signature}=`,
          `${signature}A`,
          signature.toUpperCase(),
        ]),
      );
    case 4:
      return text(
        ...random.pick([
          [head, body],
          [head, body, signature, ''],
          [head, '', body, '', signature],
          ['', '', ''],
          ['.'],
        ]),
      );
    case 5:
      // Signed by whoever knows no more than what is public: the text of a public key as a secret.
      return text(header, claims, hmac(JSON.stringify({ ...ecKey, d: undefined }), `${header}.${claims}`));
    case 6:
      return text(header, claims, hmac(random.pick(['', 'main', 'secret']), `${header}.${claims}`));
    default: {
      // Signed as it should be: what is wrong is what is signed.
      const kid = random.pick(keys.filter(({ alg }) => alg === 'HS256')).kid;
      const secret = kid === 'main' ? secretOf('fuzz') : secretOf('tenant');
      const own = random.chance(3) ? header : encode({ alg: 'HS256', typ: TYP, kid });
      return text(own, claims, hmac(Buffer.from(secret, 'base64url'), `${own}.${claims}`));
    }
  }
}

/** JSON with a member changed, as text that need not be canonical, in base64url. */
function changePart(random: Random, part: string, members: readonly object[]): string {
  const json = Buffer.from(part, 'base64url');
  if (random.chance(2)) {
    const value = parse(part) ?? {};
    return encode({ ...value, ...random.pick(members) });
  }
  const others = members.map((member) => Buffer.from(JSON.stringify(member)));
  return Buffer.from(mutateJson(random, json, others)).toString('base64url');
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function hmac(secret: string | Uint8Array, signed: string): string {
  return createHmac('sha256', secret).update(signed).digest('base64url');
}
