import { describe, expect, it } from 'vitest';
import {
  RoomSettings_Presence as Presence,
  RoomSettings_Topology as Topology,
} from '../gen/signalbox/v1/room_pb.ts';
import { ConfigError, type RawConfig, resolveConfig } from '../src/config.ts';
import { defaultLimits } from '../src/core/limits.ts';

function problemsOf(...layers: RawConfig[]): readonly string[] {
  try {
    resolveConfig(...layers);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('serves this machine on port 8080 when nothing is said, and no classic clients', () => {
    const config = resolveConfig({});
    expect(config).toMatchObject({ host: '127.0.0.1', port: 8080, lan: false, development: false });
    expect(config.classic).toBeUndefined();
    expect(config.limits).toEqual(defaultLimits);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes the later layer over the earlier one, and nothing for what is not said', () => {
    const config = resolveConfig(
      { port: 1, region: 'eu' },
      { port: '2', region: undefined },
      { port: undefined },
    );
    expect(config).toMatchObject({ port: 2, region: 'eu' });
  });

  it('listens on all addresses with --lan, unless told otherwise', () => {
    expect(resolveConfig({ lan: true }).host).toBe('0.0.0.0');
    expect(resolveConfig({ lan: true, host: '10.0.0.1' }).host).toBe('10.0.0.1');
  });

  it('drains for nine seconds, below the ten of Docker, and keeps no state, unless told otherwise', () => {
    expect(resolveConfig({})).toMatchObject({ drainSeconds: 9, alternates: [], state: undefined });
    // Whoever presses Ctrl-C with a page open does not wait for it.
    expect(resolveConfig({ development: true }).drainSeconds).toBe(2);
    const said = {
      drainSeconds: '2.5',
      alternates: 'https://b.example.org, http://c.example.org',
      state: 'here',
    };
    expect(resolveConfig(said)).toMatchObject({
      drainSeconds: 2.5,
      alternates: ['https://b.example.org', 'http://c.example.org'],
      state: 'here',
    });
  });

  it('speaks the classic dialect in development, unless it is switched off', () => {
    expect(resolveConfig({ development: true }).classic).toEqual({ room: 'classic' });
    expect(resolveConfig({ development: true, classic: false }).classic).toBeUndefined();
    expect(resolveConfig({ classic: { room: 'old' } }).classic).toEqual({ room: 'old' });
  });

  it('reads room profiles as RoomSettings in JSON, with defaults for what is not said', () => {
    const { rooms } = resolveConfig({
      rooms: [{ pattern: 'live-*', joinCreates: false, settings: { topology: 'TOPOLOGY_HUB' } }],
    });
    expect(rooms).toMatchObject([
      {
        pattern: 'live-*',
        joinCreates: false,
        settings: { topology: Topology.HUB, presence: Presence.FULL },
      },
    ]);
  });

  it('reads lists from the environment by commas', () => {
    expect(resolveConfig({ origins: 'https://a.example, https://b.example' }).origins).toEqual([
      'https://a.example',
      'https://b.example',
    ]);
  });

  it('tells everything that is wrong at once', () => {
    expect(
      problemsOf({
        port: 70_000,
        lan: true,
        tls: { certFile: 'a', keyFile: '' },
        origins: ['app.example.org'],
        logLevel: 'loud',
        ...({ prot: 1 } as RawConfig),
      }),
    ).toEqual([
      'prot: there is no such setting',
      expect.stringContaining('port: must be a whole number from 0 to 65535'),
      'tls.keyFile: is required, and a text',
      expect.stringContaining('lan: makes its own certificate'),
      expect.stringContaining('logLevel: one of'),
      expect.stringContaining('app.example.org is not an origin'),
    ]);
  });

  it.each([
    ['a limit that is none', { limits: { speed: 1 } }, 'limits.speed: there is no such limit'],
    ['a limit of 0', { limits: { rooms: 0 } }, 'limits.rooms: must be a whole number from 1'],
    ['a rate that is none', { limits: { signalRate: 5 } }, 'limits.signalRate: must be an object'],
    [
      'a rate of less than nothing',
      { limits: { signalRate: { perSecond: -1 } } },
      'limits.signalRate.perSecond: must be a whole number from 1',
    ],
    [
      'a limit of the port that is none',
      { portLimits: { speed: 1 } },
      'portLimits.speed: there is no such limit',
    ],
    [
      'a share of 0',
      { portLimits: { addressShare: 0 } },
      'portLimits.addressShare: must be a number above 0',
    ],
    [
      'signals larger than frames',
      { limits: { signalBytes: 1_000_000 } },
      'limits.frameBytes: must be at least',
    ],
    ['rooms that are no list', { rooms: {} }, 'rooms: must be a list'],
    ['a profile without a pattern', { rooms: [{}] }, 'rooms[0].pattern: is required'],
    ['settings that are none', { rooms: [{ pattern: 'a', settings: { topo: 1 } }] }, 'rooms[0].settings: '],
    ['ICE servers that are no list', { iceServers: {} }, 'iceServers: must be a list'],
    [
      'a drain of no time',
      { drainSeconds: 0 },
      'drainSeconds: must be a number of seconds from 1 to 3600, not 0',
    ],
    ['a drain of words', { drainSeconds: 'soon' }, 'drainSeconds: must be a number of seconds'],
    [
      'an alternate that is no address',
      { alternates: 'b.example.org' },
      'alternates: b.example.org is not an address',
    ],
    ['a state file without a name', { state: '' }, 'state: is required'],
    ['a flag that is none', { lan: 'maybe' }, 'lan: must be true or false'],
  ])('refuses %s', (_what, raw, problem) => {
    expect(problemsOf(raw)).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
  });
});
