import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawConfig } from '../../src/config.ts';
import type { CoreLimits } from '../../src/core/limits.ts';
import type { Gauges, Health } from '../helpers/history-checker.ts';
import { signingKey } from './gateway-token.ts';

/** What a gateway process says of itself. */
export interface GatewayReport {
  readonly gauges: Gauges;
  readonly health: Health;
  /** Sessions with a connection, and those of them whose transport takes nothing. */
  readonly attached: number;
  readonly blocked: number;
  /** Open HTTP/2 streams. */
  readonly streams: number;
  /** Share of the time in which the machine had no CPU for it, in percent. */
  readonly starved: number;
  /** After a collection, but for `look`. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** CPU time so far, in milliseconds. */
  readonly cpuMs: number;
}

/** Rooms go with their last member, so that a drained gateway holds none. */
const shortRooms = [
  { pattern: '*', joinCreates: true, settings: { emptyTimeout: '1s', departureTimeout: '1s' } },
];

/** What an orderly restart took. */
export interface Restart {
  /** What the process before said of itself at its end. */
  readonly last: GatewayReport;
  /** From SIGTERM to the end of the process, in milliseconds. */
  readonly endedAfterMs: number;
  /** From the end of the process to the next one that listens, in milliseconds. */
  readonly startedAfterMs: number;
}

/** A gateway in a process of its own. */
export class GatewayChild {
  readonly url: string;
  readonly folder: string;
  readonly #config: RawConfig;
  #process: ChildProcess;
  /** CPU time of the processes before. */
  #spentMs = 0;

  private constructor(url: string, child: ChildProcess, folder: string, config: RawConfig) {
    this.url = url;
    this.#process = child;
    this.folder = folder;
    this.#config = config;
  }

  /** A file in `state` is in the gateway's own folder. */
  static async start(
    limits: Partial<CoreLimits> = {},
    { state, ...more }: RawConfig & { readonly state?: string } = {},
  ): Promise<GatewayChild> {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-fault-'));
    const keyFile = join(folder, 'keys.json');
    await writeFile(keyFile, JSON.stringify({ keys: [signingKey] }));
    const config: RawConfig = { keyFile, limits, rooms: shortRooms, ...more };
    const kept = state === undefined ? config : { ...config, state: join(folder, state) };
    const { url, child } = await startProcess(kept, folder);
    return new GatewayChild(url, child, folder, kept);
  }

  /** Ends it by SIGTERM, and starts another one with the same configuration on the same port. */
  async restart(): Promise<Restart> {
    const before = this.#process;
    const told = once(before, 'message');
    const ended = once(before, 'exit');
    const at = performance.now();
    before.kill('SIGTERM');
    const [[{ report }], [code]] = (await Promise.all([told, ended])) as [
      [{ report: GatewayReport }],
      [number],
    ];
    if (code !== 0) throw new Error(`the gateway ended with ${code} at SIGTERM`);
    const endedAt = performance.now();
    const { child } = await startProcess({ ...this.#config, port: new URL(this.url).port }, this.folder);
    this.#process = child;
    this.#spentMs += report.cpuMs;
    return { last: report, endedAfterMs: endedAt - at, startedAfterMs: performance.now() - endedAt };
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  report(): Promise<GatewayReport> {
    return this.#ask('report');
  }

  /** The same without a collection, which would make everybody wait. */
  look(): Promise<GatewayReport> {
    return this.#ask('look');
  }

  /** Closes it in order. Returns what was left. */
  async stop(): Promise<GatewayReport> {
    const report = await this.#ask('close');
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    await rm(this.folder, { recursive: true });
    return report;
  }

  /** Ends it at once, whatever it is doing. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  async #ask(what: 'report' | 'look' | 'close'): Promise<GatewayReport> {
    const answer = once(this.#process, 'message');
    this.#process.send(what);
    const [{ report }] = (await answer) as [{ report: GatewayReport }];
    return { ...report, cpuMs: report.cpuMs + this.#spentMs };
  }
}

async function startProcess(
  config: RawConfig,
  folder: string,
): Promise<{ url: string; child: ChildProcess }> {
  const script = join(import.meta.dirname, 'gateway-process.ts');
  const child = fork(script, [JSON.stringify(config)], {
    execArgv: ['--expose-gc'],
    stdio: 'inherit',
    // As docs/configuration.md has it for restarts: the next process compiles nothing anew.
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  });
  const [{ url }] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the gateway ended with ${code}`);
    }),
  ])) as [{ url: string }];
  return { url, child };
}
