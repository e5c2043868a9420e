import { randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { parseKeyFile } from '../../src/auth/key-file.ts';
import {
  CommandError,
  keysCommand,
  keysUsage,
  tokenCommand,
  tokenUsage,
} from '../../src/auth/token-command.ts';
import { noon, secretOf, verifierKit } from '../helpers/auth-kit.ts';

const keys = [
  { kid: 'idp', jwks: 'https://idp.example/jwks.json' },
  { kid: 'main', alg: 'HS256', secret: secretOf('a') },
  { kid: 'next', alg: 'HS256', secret: secretOf('b'), typ: 'JWT' },
];

function context(files: Record<string, string> = { 'keys.json': JSON.stringify({ keys }) }) {
  return {
    keyFile: 'keys.json' as string | undefined,
    readFile: async (path: string) => {
      const text = files[path];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    },
    now: () => noon,
    newTokenId: () => 'id-1',
  };
}

const run = (line: string, ...rest: string[]) =>
  tokenCommand([...line.split(' ').filter(Boolean), ...rest], context());

describe('signalbox token', () => {
  it('prints a token that the gateway takes', async () => {
    const printed = await run('--identity ada --room demo');
    expect(printed.endsWith('\n')).toBe(true);
    const { verifier } = await verifierKit(keys);
    expect(await verifier.verify(printed.trim())).toMatchObject({
      identity: 'ada',
      room: 'demo',
      keyId: 'main',
      expiresAt: noon + 3_600_000,
      tokenId: 'id-1',
      admin: false,
    });
  });

  it('lets the gateway renew the token where it is told to', async () => {
    expect(decodeJwt(await run('--renew-for 7d'))['renew']).toBe(noon / 1000 + 7 * 86_400);
    expect(decodeJwt(await run(''))).not.toHaveProperty('renew');
    await expect(run('--renew-for soon')).rejects.toThrow(CommandError);
  });

  it('writes every claim that it has an option for', async () => {
    const token = await run(
      '--name Ada --role teacher --kind device --attr seat=7 --attr note=a=b --moderate --no-listed --create --admin --expires-in 15m',
      '--perm',
      '{"publish":["microphone"],"moderate":false}',
    );
    expect(decodeJwt(token)).toEqual({
      name: 'Ada',
      role: 'teacher',
      kind: 'device',
      attrs: { seat: '7', note: 'a=b' },
      perm: { publish: ['microphone'], moderate: true, listed: false },
      create: true,
      adm: true,
      jti: 'id-1',
      iat: noon / 1000,
      exp: noon / 1000 + 900,
    });
  });

  it('signs with the key that is named, as its typ says', async () => {
    expect(decodeProtectedHeader(await run('--kid next'))).toEqual({ alg: 'HS256', typ: 'JWT', kid: 'next' });
  });

  it.each([
    ['--kid none', /keys\.json has no key "none" with a secret/],
    ['--kid idp', /no key "idp" with a secret/],
    ['--key-file other.json', /cannot read other\.json; make one with: signalbox keys new > keys\.json/],
    ['--identity', /identity.*\n\nsignalbox token/s],
    ['--identiti ada', /--identiti.*\n\nsignalbox token/s],
    ['ada', /ada.*\n\nsignalbox token/s],
    ['--kind robot', /kind: must be one of/],
    ['--attr seat', /--attr must be key=value, not "seat"/],
    ['--perm x', /--perm must be a JSON object/],
    ['--perm []', /--perm must be a JSON object/],
    ['--perm {"publsh":["camera"]}', /perm\.publsh: is unknown/],
    ['--expires-in forever', /is no duration/],
  ])('%s is refused with what to change', async (line, message) => {
    const error = await run(line).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CommandError);
    expect((error as Error).message).toMatch(message);
  });

  it('without a key file says how to get one', async () => {
    await expect(tokenCommand([], { ...context(), keyFile: undefined })).rejects.toThrow(
      /signalbox keys new/,
    );
  });

  it('says what is wrong with a key file', async () => {
    await expect(tokenCommand([], context({ 'keys.json': '{}' }))).rejects.toThrow(
      /keys\.json must hold an object/,
    );
  });

  it('helps', async () => {
    expect(await run('--help')).toBe(tokenUsage);
  });
});

describe('signalbox keys', () => {
  it('new prints a key file whose secret is random, that signs and verifies', async () => {
    const one = keysCommand(['new'], randomBytes);
    const two = keysCommand(['new', '--kid', 'k2', '--tenant', 'acme'], randomBytes);
    expect(parseKeyFile(one, 'one')).toMatchObject([{ kid: 'main', tenant: '' }]);
    expect(parseKeyFile(two, 'two')).toMatchObject([{ kid: 'k2', tenant: 'acme' }]);
    expect(JSON.parse(one).keys[0].secret).not.toBe(JSON.parse(two).keys[0].secret);
    const token = await tokenCommand([], context({ 'keys.json': two }));
    const { verifier } = await verifierKit(JSON.parse(two).keys);
    expect(await verifier.verify(token.trim())).toMatchObject({ tenant: 'acme', keyId: 'k2' });
  });

  it('is refused for what it does not know, and helps', () => {
    expect(() => keysCommand(['list'], randomBytes)).toThrow(/unknown: keys list/);
    expect(() => keysCommand(['new', '--kid', ''], randomBytes)).toThrow(CommandError);
    expect(keysCommand([], randomBytes)).toBe(keysUsage);
    expect(keysCommand(['new', '--help'], randomBytes)).toBe(keysUsage);
  });
});
