import { describe, expect, it } from 'vitest';
import { ConfiguredIceServers } from '../../src/ice/configured-ice-servers.ts';
import type { IceServerConfig, SecretServers } from '../../src/ice/ice-config.ts';
import { IceConfigError } from '../../src/ice/ice-config.ts';
import { turnCredentials } from '../../src/ice/turn-credentials.ts';

/** 2026-11-22T10:00:00.500Z. */
const now = 1_795_341_600_500;
const session = { sessionId: 's1', identity: 'ada', tenant: '', tokenExpiresAt: Number.POSITIVE_INFINITY };
const secrets = [{ secret: 'north' }];
const turn: SecretServers = { auth: 'secret', urls: ['turn:turn.example.org'], secrets };

const make = (...configs: IceServerConfig[]) => new ConfiguredIceServers(configs, () => now);
const firstOf = (config: IceServerConfig, of = session) => make(config).for(of).servers[0];

describe('TURN REST credentials', () => {
  // printf %s 1795428000:s1 | openssl dgst -sha1 -hmac north -binary | base64, and the same with -sha256.
  it('are those that openssl computes', () => {
    expect(turnCredentials('north', 's1', 1_795_428_000_999, 'sha1')).toEqual({
      username: '1795428000:s1',
      credential: '+KpXV7KcoPKtB+LwX6DuEQtap/s=',
    });
    expect(turnCredentials('north', 's1', 1_795_428_000_000, 'sha256')).toEqual({
      username: '1795428000:s1',
      credential: 'Tl9QVjpLPkqjMduoRP+VNfSNv/1cZkArqfHjov6NBRk=',
    });
  });
});

describe('the servers of a session', () => {
  it('are those of the configuration, in its order', () => {
    const { servers, expiresAt } = make(
      { auth: 'none', urls: ['stun:a', 'stun:b'], region: 'eu' },
      { auth: 'fixed', urls: ['turn:c'], username: 'u', credential: 'p' },
    ).for(session);
    expect(servers).toMatchObject([
      { urls: ['stun:a', 'stun:b'], region: 'eu', username: '', credential: '' },
      { urls: ['turn:c'], region: '', username: 'u', credential: 'p' },
    ]);
    expect(expiresAt).toBe(Number.POSITIVE_INFINITY);
  });

  it('keep the connections that they have only where all that give credentials do', () => {
    const keeping = { ...turn, keepsRelays: true };
    const keepsRelays = (...configs: IceServerConfig[]) => make(...configs).for(session).keepsRelays;
    expect(keepsRelays(turn)).toBe(false);
    expect(keepsRelays(keeping, { auth: 'none', urls: ['stun:a'] })).toBe(true);
    expect(keepsRelays(keeping, turn)).toBe(false);
  });

  it('may be none', () => {
    expect(make().for(session)).toMatchObject({ servers: [], expiresAt: Number.POSITIVE_INFINITY });
  });

  it('name the session and not the person, unless told to', () => {
    expect(firstOf(turn)?.username).toMatch(/^\d+:s1$/);
    expect(firstOf({ ...turn, user: 'identity' })?.username).toMatch(/^\d+:ada$/);
    expect(firstOf({ ...turn, user: 'identity' }, { ...session, identity: '' })?.username).toMatch(
      /^\d+:s1$/,
    );
  });

  it('end together, when the first of their credentials does', () => {
    const list = make(turn, { ...turn, ttlMs: 120_000 }, { auth: 'none', urls: ['stun:a'] }).for(session);
    expect(list.expiresAt).toBe(1_795_341_720_000);
    expect(list.servers[1]?.username).toBe('1795341720:s1');
    expect(list.servers[0]?.username).toBe('1795428000:s1');
  });

  it('end with the token where that is earlier, but give a client a minute', () => {
    const end = (tokenExpiresAt: number) => make(turn).for({ ...session, tokenExpiresAt }).expiresAt;
    expect(end(now + 600_000)).toBe(1_795_342_200_000);
    expect(end(now + 1_000)).toBe(1_795_341_660_000);
    expect(end(now - 1_000)).toBe(1_795_341_660_000);
    expect(end(now + 10 ** 12)).toBe(1_795_428_000_000);
  });

  it('are signed with the newest secret whose time has come', () => {
    const clock = { time: now };
    const servers = new ConfiguredIceServers(
      [
        {
          ...turn,
          secrets: [
            { secret: 'old' },
            { secret: 'next', from: now + 1000 },
            { secret: 'mid', from: now - 1000 },
          ],
        },
      ],
      () => clock.time,
    );
    const signedWith = () => {
      const server = servers.for(session).servers[0];
      const [expiry = ''] = server?.username.split(':') ?? [];
      return ['old', 'mid', 'next'].find(
        (secret) =>
          turnCredentials(secret, 's1', Number(expiry) * 1000, 'sha1').credential === server?.credential,
      );
    };
    expect(signedWith()).toBe('mid');
    clock.time = now + 1000;
    expect(signedWith()).toBe('next');
  });

  it('are signed with the first of secrets without a time', () => {
    const [one, two] = [
      firstOf({ ...turn, secrets: [{ secret: 'new' }, { secret: 'old' }] }),
      firstOf({ ...turn, secrets: [{ secret: 'new' }] }),
    ];
    expect(one?.credential).toBe(two?.credential);
  });
});

describe('a configuration', () => {
  it('that clients could not use is refused at the start, with all that is wrong and no secret', () => {
    const make = () =>
      new ConfiguredIceServers(
        [
          { auth: 'none', urls: [] },
          { auth: 'none', urls: ['turn:a', 'stun://b'] },
          { auth: 'fixed', urls: ['turn:c'], username: '', credential: '' },
          { ...turn, secrets: [] },
          { ...turn, secrets: [{ secret: 'topsecret', from: now + 1 }] },
          { ...turn, secrets: [{ secret: '' }], ttlMs: 59_999 },
        ],
        () => now,
      );
    expect(make).toThrow(IceConfigError);
    try {
      make();
    } catch (error) {
      expect(String(error).split('; ')).toEqual([
        'IceConfigError: iceServers[0].urls is empty',
        'iceServers[1].urls: "turn:a" needs a username and credential, or a secret',
        'iceServers[1].urls: "stun://b" has no // behind stun: (write stun:b)',
        'iceServers[2].username is empty',
        'iceServers[2].credential is empty',
        'iceServers[3].secrets has none whose time ("from") has come',
        'iceServers[4].secrets has none whose time ("from") has come',
        'iceServers[5].secrets has an empty secret',
        'iceServers[5].ttlMs must be at least 60000',
      ]);
    }
  });
});
