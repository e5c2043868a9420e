import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Logger, pino } from 'pino';
import { CommandError, keysCommand, tokenCommand } from './auth/token-command.ts';
import { banner } from './banner.ts';
import { type Config, type RawConfig, resolveConfig } from './config.ts';
import { lanAddresses } from './gateway/lan-addresses.ts';
import { type Served, serve } from './serve.ts';

const usage = `signalbox [serve] [options]   runs the gateway
signalbox token [options]     prints a token (--help tells more)
signalbox keys new            prints a new key file
signalbox load [URL]          loads a gateway and tells what it took (--help tells more)
signalbox --version

  --dev                 development: keys for this start, GET /dev/token, the classic dialect
  --port <number>       port to listen on; 0 asks the system for one (PORT; default 8080)
  --host <address>      address to listen on (HOST; default 127.0.0.1)
  --lan                 listen on the network with a self-signed certificate; prints a link and a QR code
  --config <file>       configuration as JSON (SIGNALBOX_CONFIG); docs/configuration.md lists all settings
  --key-file <file>     keys that sign and verify tokens (SIGNALBOX_KEY_FILE)
  --drain-seconds <n>   from SIGTERM or SIGINT to the end at the latest (SIGNALBOX_DRAIN_SECONDS; default 9, with --dev 2)
  --state <file>        hands the sessions to the next process at an orderly restart (SIGNALBOX_STATE)
  --log-level <level>   trace, debug, info, warn, error, silent (SIGNALBOX_LOG_LEVEL; default info)
`;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Of a process that a second signal ended: 128 and the number of the signal, as shells count. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
/**
 * A signal that comes again within so many milliseconds is the same one: terminals and supervisors signal all processes, and
 * `bin/signalbox.js` hands on what it gets.
 */
const echoMs = 250;

/** Runs the command that the arguments name. Resolves to its exit code; rejects with an Error that `explain` puts into words. */
export async function run(argv: readonly string[]): Promise<number> {
  const [first = 'serve', ...rest] = argv;
  if (first === 'token') return print(await tokenCommand(rest, tokenContext()));
  if (first === 'load') return loadGateway(rest);
  if (first === 'keys') return print(keysCommand(rest, (bytes) => randomBytes(bytes)));
  if (first === '--help' || first === '-h' || first === 'help') return print(usage);
  if (first === '--version' || first === 'version') return print(`${await version()}\n`);
  if (first === 'serve') return runGateway(rest);
  if (first.startsWith('-')) return runGateway(argv);
  throw new CommandError(`unknown command: ${first}\n\n${usage}`);
}

async function runGateway(args: readonly string[]): Promise<number> {
  const { flags, configFile, help } = readFlags(args);
  if (help) return print(usage);
  const file = configFile ?? process.env['SIGNALBOX_CONFIG'];
  const config = resolveConfig(file === undefined ? {} : await readConfig(file), environment(), flags);
  const log = pino({ level: config.logLevel, redact: ['token', '*.token', 'headers.authorization'] });
  const serverVersion = await version();
  const serving = serve({ config, log, version: serverVersion, webRoot: join(root, 'web', 'dist') });
  const ended = untilEnded(serving, config, log);
  const { url, port } = (await serving).gateway;
  const hasExamples = existsSync(join(root, 'examples'));
  const addresses = lanAddresses();
  process.stdout.write(banner({ config, version: serverVersion, url, port, addresses, hasExamples }));
  return ended;
}

/**
 * The exit code, when signals have ended it. They are heard from the start: the state of the process before is this one's, to be
 * handed on, before anybody could tell.
 */
function untilEnded(serving: Promise<Served>, config: Config, log: Logger): Promise<number> {
  const { drainSeconds, development } = config;
  return new Promise((resolve) => {
    let stoppingSince: number | undefined;
    const stop = (signal: keyof typeof exitCodes): void => {
      if (stoppingSince !== undefined) {
        if (performance.now() - stoppingSince < echoMs) return;
        log.warn({ signal }, 'stopped by a second signal');
        resolve(exitCodes[signal]);
        return;
      }
      stoppingSince = performance.now();
      log.info({ signal, drainSeconds }, 'draining');
      setTimeout(() => {
        log.error('could not stop within the deadline');
        resolve(1);
      }, drainSeconds * 1000);
      // Whoever presses Ctrl-C does not wait for a balancer.
      const balanced = signal === 'SIGTERM' && !development;
      const drained = serving.then((served) => served.drain(balanced));
      drained.then(
        () => resolve(0),
        (error: unknown) => {
          log.error({ err: error }, 'could not stop in order');
          resolve(1);
        },
      );
    };
    process.on('SIGTERM', () => stop('SIGTERM'));
    process.on('SIGINT', () => stop('SIGINT'));
  });
}

/** A gateway never needs what this loads. */
async function loadGateway(args: readonly string[]): Promise<number> {
  const { loadCommand } = await import('./load/load-command.ts');
  const stop = new AbortController();
  const stopped = new Promise<number>((resolve) => {
    let stoppedAt: number | undefined;
    const hear = (signal: keyof typeof exitCodes): void => {
      if (stoppedAt !== undefined && performance.now() - stoppedAt >= echoMs) resolve(exitCodes[signal]);
      stoppedAt ??= performance.now();
      stop.abort();
    };
    process.on('SIGTERM', () => hear('SIGTERM'));
    process.on('SIGINT', () => hear('SIGINT'));
  });
  const ended = loadCommand(args, {
    ...tokenContext(),
    generator: randomBytes(3).toString('hex'),
    writeFile,
    takeAnyCertificate: () => {
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    },
    print,
    screen: { isTerminal: process.stderr.isTTY, write: (text) => void process.stderr.write(text) },
    stop: stop.signal,
  });
  return Promise.race([ended, stopped]);
}

function readFlags(args: readonly string[]): {
  flags: RawConfig;
  configFile: string | undefined;
  help: boolean;
} {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        dev: { type: 'boolean' },
        port: { type: 'string' },
        host: { type: 'string' },
        lan: { type: 'boolean' },
        config: { type: 'string' },
        'key-file': { type: 'string' },
        'log-level': { type: 'string' },
        'drain-seconds': { type: 'string' },
        state: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const flags = {
      port: values.port,
      host: values.host,
      lan: values.lan,
      development: values.dev,
      keyFile: values['key-file'],
      logLevel: values['log-level'],
      drainSeconds: values['drain-seconds'],
      state: values.state,
    };
    return { flags, configFile: values.config, help: values.help ?? false };
  } catch (error) {
    throw new CommandError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

function environment(): RawConfig {
  const text = (name: string) => process.env[name] || undefined;
  return {
    port: text('PORT'),
    host: text('HOST'),
    keyFile: text('SIGNALBOX_KEY_FILE'),
    development: text('SIGNALBOX_DEV'),
    origins: text('SIGNALBOX_ORIGINS'),
    trustedProxies: text('SIGNALBOX_TRUSTED_PROXIES'),
    region: text('SIGNALBOX_REGION'),
    drainSeconds: text('SIGNALBOX_DRAIN_SECONDS'),
    alternates: text('SIGNALBOX_ALTERNATES'),
    state: text('SIGNALBOX_STATE'),
    logLevel: text('SIGNALBOX_LOG_LEVEL'),
  };
}

async function readConfig(file: string): Promise<RawConfig> {
  try {
    const raw: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw;
    throw new Error('it must hold a JSON object');
  } catch (error) {
    throw new CommandError(
      `cannot use the configuration ${file}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

async function version(): Promise<string> {
  const { version: text } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  return text;
}

function tokenContext() {
  return {
    keyFile: process.env['SIGNALBOX_KEY_FILE'],
    readFile: (path: string) => readFile(path, 'utf8'),
    now: () => Date.now(),
    newTokenId: () => randomBytes(12).toString('base64url'),
  };
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** What went wrong, and what to do, for somebody at a terminal. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  const { port = '', address = '' } = error as Error & { port?: number; address?: string };
  if (code === 'EADDRINUSE') {
    return `something listens on ${address}:${port} already: stop it, or choose another port with --port (0: a free one)`;
  }
  if (code === 'EACCES' && port !== '')
    return `this user may not listen on port ${port}: choose one above 1023 with --port`;
  return error.message;
}
