import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { RoomSettingsSchema } from '../gen/signalbox/v1/room_pb.ts';
import { type CoreLimits, defaultLimits } from './core/limits.ts';
import type { RoomProfile } from './core/room/room-profiles.ts';
import { checkSettings, resolveSettings } from './core/room/settings.ts';
import { roomPatternProblem } from './core/text.ts';
import { DEFAULT_LIMITS, type GatewayLimits } from './gateway/limits.ts';
import type { TlsFiles } from './gateway/tls.ts';
import type { IceServerConfig } from './ice/ice-config.ts';
import { overrideLimits } from './limit-settings.ts';

/** All that can be set. From flags over the environment over the configuration file over the defaults; frozen. */
export interface Config {
  /** Address to listen on. Default `127.0.0.1`: this machine only. */
  readonly host: string;
  /** Port to listen on, 0 to 65535; 0 asks the system for a free one. Default 8080. */
  readonly port: number;
  /** Listens on all addresses with a self-signed certificate made at the start. Default false. Not with `tls`. */
  readonly lan: boolean;
  /** Random keys for this start, `GET /dev/token`, the classic dialect. Default false. Never on a public network. */
  readonly development: boolean;
  /** Path of the key file. Without it and without `development` the gateway refuses to start. */
  readonly keyFile: string | undefined;
  /** Certificate files; they are loaded again when they change. Absent: clear text. */
  readonly tls: TlsFiles | undefined;
  /** Exact browser origins besides the gateway's own, such as `https://app.example.org`. Others are refused. */
  readonly origins: readonly string[];
  /** Addresses and CIDR blocks whose `x-forwarded-for` is believed. Default: none. */
  readonly trustedProxies: readonly string[];
  /** What rooms are like, by name; the first that fits counts. Default: every join creates a MESH room. */
  readonly rooms: readonly RoomProfile[];
  /** STUN and TURN servers for clients. Default: none; on one network WebRTC needs none. */
  readonly iceServers: readonly IceServerConfig[];
  /** The classic JSON dialect of the WebSocket lane. Default: off, in development on. */
  readonly classic: { readonly room: string } | undefined;
  /** Overrides of `defaultLimits`; a breach is answered with the error that `src/core/limits.ts` names. */
  readonly limits: CoreLimits;
  /** Overrides of the port's `DEFAULT_LIMITS`; `src/gateway/limits.ts` says what a breach of each does. */
  readonly portLimits: GatewayLimits;
  /** Told to clients and operators. Default ''. */
  readonly region: string;
  /**
   * From the signal to the end of the process, in seconds, 1 to 3600: below the time after which the supervisor kills (30 s
   * with Kubernetes, 10 s with Docker). Default 9, in development 2.
   */
  readonly drainSeconds: number;
  /** Addresses of other gateways that clients are sent to by a drain. Default: none; they come back to the one they know. */
  readonly alternates: readonly string[];
  /**
   * File by which an orderly restart hands its sessions to the next process. It holds hashed secrets and what waits to be
   * delivered. Absent: sessions end with the process.
   */
  readonly state: string | undefined;
  /** `trace`, `debug`, `info`, `warn`, `error` or `silent`. Default `info`. */
  readonly logLevel: string;
}

/** The configuration cannot be used; `problems` has a sentence for everything that is wrong. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Settings as they come from a file, the environment or the command line. */
export interface RawConfig {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly lan?: unknown;
  readonly development?: unknown;
  readonly keyFile?: unknown;
  readonly tls?: unknown;
  readonly origins?: unknown;
  readonly trustedProxies?: unknown;
  readonly rooms?: unknown;
  readonly iceServers?: unknown;
  readonly classic?: unknown;
  readonly limits?: unknown;
  readonly portLimits?: unknown;
  readonly region?: unknown;
  readonly drainSeconds?: unknown;
  readonly alternates?: unknown;
  readonly state?: unknown;
  readonly logLevel?: unknown;
}

const fields = [
  'host',
  'port',
  'lan',
  'development',
  'keyFile',
  'tls',
  'origins',
  'trustedProxies',
  'rooms',
  'iceServers',
  'classic',
  'limits',
  'portLimits',
  'region',
  'drainSeconds',
  'alternates',
  'state',
  'logLevel',
] as const satisfies readonly (keyof RawConfig)[];

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** Merges layers, the later ones over the earlier ones, and checks everything at once. Throws ConfigError. */
export function resolveConfig(...layers: readonly RawConfig[]): Config {
  const raw: RawConfig = Object.assign({}, ...layers.map(withoutUndefined));
  const problems: string[] = [];
  const read = new Reader(problems);
  for (const key of Object.keys(raw)) {
    if (!(fields as readonly string[]).includes(key)) problems.push(`${key}: there is no such setting`);
  }
  const lan = read.flag('lan', raw.lan);
  const development = read.flag('development', raw.development);
  const classic = read.record('classic', raw.classic);
  const config: Config = {
    host: read.text('host', raw.host, lan ? '0.0.0.0' : '127.0.0.1'),
    port: read.port(raw.port),
    lan,
    development,
    keyFile: raw.keyFile === undefined ? undefined : read.text('keyFile', raw.keyFile, ''),
    tls: readTls(read, raw.tls),
    origins: read.texts('origins', raw.origins),
    trustedProxies: read.texts('trustedProxies', raw.trustedProxies),
    rooms: readProfiles(read, raw.rooms),
    iceServers: (Array.isArray(raw.iceServers) ? raw.iceServers : []) as readonly IceServerConfig[],
    classic:
      classic !== undefined || (development && raw.classic !== false)
        ? { room: read.text('classic.room', classic?.room, 'classic') }
        : undefined,
    limits: readLimits(read, raw.limits),
    portLimits: overrideLimits(
      DEFAULT_LIMITS,
      read.record('portLimits', raw.portLimits) ?? {},
      'portLimits',
      problems,
    ),
    region: read.text('region', raw.region, ''),
    drainSeconds: read.seconds('drainSeconds', raw.drainSeconds, development ? 2 : 9),
    alternates: read.texts('alternates', raw.alternates),
    state: raw.state === undefined ? undefined : read.required('state', raw.state),
    logLevel: read.text('logLevel', raw.logLevel, 'info'),
  };
  if (lan && config.tls !== undefined) problems.push('lan: makes its own certificate; leave tls out, or lan');
  if (!logLevels.includes(config.logLevel)) problems.push(`logLevel: one of ${logLevels.join(', ')}`);
  if (raw.iceServers !== undefined && !Array.isArray(raw.iceServers))
    problems.push('iceServers: must be a list');
  for (const origin of config.origins) {
    if (!isOrigin(origin))
      problems.push(`origins: ${origin} is not an origin such as https://app.example.org`);
  }
  for (const address of config.alternates) {
    if (!isAddress(address))
      problems.push(`alternates: ${address} is not an address such as https://b.example.org`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

function readTls(read: Reader, value: unknown): TlsFiles | undefined {
  const tls = read.record('tls', value);
  if (tls === undefined) return undefined;
  return {
    kind: 'files',
    certFile: read.required('tls.certFile', tls.certFile),
    keyFile: read.required('tls.keyFile', tls.keyFile),
    clientCaFile:
      tls.clientCaFile === undefined ? undefined : read.required('tls.clientCaFile', tls.clientCaFile),
  };
}

function readProfiles(read: Reader, value: unknown): readonly RoomProfile[] {
  if (value === undefined) return [{ pattern: '*', joinCreates: true, settings: resolveSettings() }];
  if (!Array.isArray(value)) {
    read.problems.push('rooms: must be a list of {"pattern", "joinCreates", "settings"}');
    return [];
  }
  return value.map((entry: unknown, index) => {
    const where = `rooms[${index}]`;
    const profile = read.record(where, entry) ?? {};
    const pattern = read.required(`${where}.pattern`, profile.pattern);
    const problem = roomPatternProblem(pattern);
    if (problem !== undefined) read.problems.push(`${where}.pattern: ${problem}`);
    return {
      pattern,
      joinCreates:
        profile.joinCreates === undefined || read.flag(`${where}.joinCreates`, profile.joinCreates),
      settings: readSettings(read, `${where}.settings`, profile.settings),
    };
  });
}

function readSettings(read: Reader, where: string, value: unknown) {
  try {
    const settings = fromJson(RoomSettingsSchema, (value ?? {}) as JsonValue);
    const problem = checkSettings(settings);
    if (problem !== undefined) read.problems.push(`${where}.${problem.field}: ${problem.problem}`);
    return resolveSettings(settings);
  } catch (error) {
    read.problems.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
    return resolveSettings();
  }
}

function readLimits(read: Reader, value: unknown): CoreLimits {
  const given = read.record('limits', value) ?? {};
  const limits = overrideLimits(defaultLimits, given, 'limits', read.problems);
  if (limits.frameBytes < limits.signalBytes || limits.frameBytes < limits.messageBytes) {
    read.problems.push('limits.frameBytes: must be at least limits.signalBytes and limits.messageBytes');
  }
  return limits;
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.origin === text.replace(/\/$/, '').toLowerCase();
}

function isAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
}

function withoutUndefined(layer: RawConfig): RawConfig {
  return Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined));
}

/** Reads values and notes what is wrong with them. */
class Reader {
  readonly problems: string[];

  constructor(problems: string[]) {
    this.problems = problems;
  }

  text(name: string, value: unknown, fallback: string): string {
    if (value === undefined) return fallback;
    if (typeof value === 'string') return value;
    this.problems.push(`${name}: must be a text`);
    return fallback;
  }

  required(name: string, value: unknown): string {
    if (typeof value === 'string' && value !== '') return value;
    this.problems.push(`${name}: is required, and a text`);
    return '';
  }

  texts(name: string, value: unknown): readonly string[] {
    if (value === undefined) return [];
    const list = typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
    if (Array.isArray(list) && list.every((item) => typeof item === 'string'))
      return list.filter((item) => item !== '');
    this.problems.push(`${name}: must be a list of texts`);
    return [];
  }

  flag(name: string, value: unknown): boolean {
    if (value === undefined) return false;
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === '1') return true;
    if (value === 'false' || value === '0' || value === '') return false;
    this.problems.push(`${name}: must be true or false`);
    return false;
  }

  seconds(name: string, value: unknown, fallback: number): number {
    if (value === undefined) return fallback;
    const seconds = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    if (typeof seconds === 'number' && seconds >= 1 && seconds <= 3600) return seconds;
    this.problems.push(`${name}: must be a number of seconds from 1 to 3600, not ${JSON.stringify(value)}`);
    return fallback;
  }

  port(value: unknown): number {
    if (value === undefined || value === '') return 8080;
    const port = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
    this.problems.push(`port: must be a whole number from 0 to 65535, not ${JSON.stringify(value)}`);
    return 8080;
  }

  record(name: string, value: unknown): Readonly<Record<string, unknown>> | undefined {
    if (value === undefined || value === false) return undefined;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
    this.problems.push(`${name}: must be an object`);
    return undefined;
  }
}
