import { parseArgs } from 'node:util';
import { parseDuration } from '../auth/duration.ts';
import { CommandError } from '../auth/token-command.ts';
import type { TransportName } from '../client/index.ts';
import { LEAST_BYTES } from './payload.ts';
import { type Content, type Scenario, type ScenarioName, scenarios, usualBytes } from './scenario.ts';

/** Where tokens come from. */
export type TokenSource =
  | { readonly kind: 'development' }
  | { readonly kind: 'key file'; readonly file: string; readonly kid: string | undefined }
  | { readonly kind: 'file'; readonly file: string };

/** A run, as the user wants it. */
export interface LoadOptions {
  /** http or https, without a slash at its end. */
  readonly url: string;
  readonly name: ScenarioName;
  readonly scenario: Scenario;
  readonly rooms: number;
  /** In each room. */
  readonly participants: number;
  /** Signals a second, of all participants together. */
  readonly rate: number;
  readonly durationMs: number;
  /** Joins a second. */
  readonly ramp: number;
  readonly transport: TransportName;
  readonly content: Content;
  /** Bytes of the text in each signal. */
  readonly size: number;
  readonly tokens: TokenSource;
  readonly roomPrefix: string;
  readonly insecure: boolean;
  readonly json: string | undefined;
  readonly seed: number;
}

/** What options leave open. */
export interface OptionDefaults {
  /** Key file to use where no option says where tokens come from. */
  readonly keyFile: string | undefined;
  /** Tells the rooms of one generator from those of another. */
  readonly generator: string;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

const known = {
  scenario: text,
  rooms: text,
  participants: text,
  rate: text,
  duration: text,
  ramp: text,
  transport: text,
  send: text,
  size: text,
  'key-file': text,
  kid: text,
  tokens: text,
  'room-prefix': text,
  insecure: flag,
  json: text,
  seed: text,
  help: { type: 'boolean', short: 'h' },
} as const;

const transports = { websocket: 'websocket', grpc: 'grpc', connect: 'connect-web' } as const;
const DEFAULT_URL = 'http://127.0.0.1:8080';
/** What the gateway takes in one signal, and in one message, by default. */
const mostBytes = { candidates: 200_000, offers: 200_000, messages: 16_000, lossy: 16_000 } as const;
/** Parallel rooms and participants together that one process can name; it holds far fewer. */
const MOST = 1_000_000;

/** undefined: help is wanted. Throws CommandError, which names all that is wrong at once. */
export function readLoadOptions(args: readonly string[], defaults: OptionDefaults): LoadOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  const problems: string[] = [];
  const number = (
    option: keyof typeof known & keyof typeof values,
    usual: number,
    least: number,
    most = MOST,
  ) => readNumber(values[option], `--${option}`, { usual, least, most }, problems);
  const choice = <T extends object>(option: 'scenario' | 'transport' | 'send', of: T, usual: keyof T) =>
    readChoice(values[option], `--${option}`, of, usual, problems);

  const name = choice('scenario', scenarios, 'call');
  const scenario: Scenario = scenarios[name];
  const content = choice('send', usualBytes, scenario.content);
  const [url = DEFAULT_URL, ...rest] = positionals;
  if (rest.length > 0) problems.push(`one URL at a time: what is ${rest.join(' ')}?`);
  const options: LoadOptions = {
    url: readUrl(url, problems),
    name,
    scenario,
    rooms: number('rooms', scenario.rooms, 1),
    participants: number('participants', scenario.participants, 2),
    rate: number('rate', scenario.rate, 0.1),
    durationMs: readDuration(values.duration, problems),
    ramp: number('ramp', 200, 1),
    transport: transports[choice('transport', transports, 'websocket')],
    content,
    size: number('size', usualBytes[content], LEAST_BYTES, mostBytes[content]),
    tokens: readTokens(values, defaults, problems),
    roomPrefix: values['room-prefix'] ?? `load-${defaults.generator}-`,
    insecure: values.insecure ?? false,
    json: values.json,
    seed: number('seed', 1, 0, 2 ** 32 - 1),
  };
  if (options.rooms * options.participants > MOST) {
    problems.push(`--rooms times --participants must be at most ${MOST}: start several generators`);
  }
  if (problems.length > 0) throw new CommandError(`${problems.join('\n')}\nsignalbox load --help lists all`);
  return options;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known, strict: true, allowPositionals: true });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${said}\nsignalbox load --help lists all options`);
  }
}

interface Bounds {
  readonly usual: number;
  readonly least: number;
  readonly most: number;
}

function readNumber(
  value: string | boolean | undefined,
  option: string,
  { usual, least, most }: Bounds,
  problems: string[],
): number {
  if (value === undefined) return usual;
  const number = /^\d+(\.\d+)?$/.test(String(value)) ? Number(value) : Number.NaN;
  const isWhole = Number.isInteger(least);
  if (number >= least && number <= most && (!isWhole || Number.isInteger(number))) return number;
  const kind = isWhole ? 'a whole number' : 'a number';
  problems.push(`${option} must be ${kind} from ${least} to ${most}, not ${JSON.stringify(value)}`);
  return usual;
}

function readChoice<T extends object>(
  value: string | undefined,
  option: string,
  of: T,
  usual: keyof T,
  problems: string[],
): keyof T {
  if (value === undefined) return usual;
  if (Object.hasOwn(of, value)) return value as keyof T;
  problems.push(`${option} must be one of ${Object.keys(of).join(', ')}, not ${JSON.stringify(value)}`);
  return usual;
}

function readUrl(value: string, problems: string[]): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) {
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  }
  problems.push(`the URL must be such as https://signal.example.org, not ${JSON.stringify(value)}`);
  return DEFAULT_URL;
}

function readDuration(value: string | undefined, problems: string[]): number {
  try {
    return parseDuration(value ?? '10s');
  } catch (error) {
    problems.push(`--duration: ${error instanceof Error ? error.message : error}`);
    return 0;
  }
}

function readTokens(
  values: { readonly 'key-file'?: string; readonly kid?: string; readonly tokens?: string },
  { keyFile }: OptionDefaults,
  problems: string[],
): TokenSource {
  const { 'key-file': given, kid, tokens } = values;
  if (tokens !== undefined) {
    if (given !== undefined) problems.push('--tokens and --key-file: tokens come from one of them');
    return { kind: 'file', file: tokens };
  }
  const file = given ?? keyFile;
  if (file !== undefined) return { kind: 'key file', file, kid };
  if (kid !== undefined) problems.push('--kid names a key of a key file: give --key-file, too');
  return { kind: 'development' };
}
