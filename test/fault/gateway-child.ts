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
  /** Share of the time in which the machine had no CPU for it, in percent. */
  readonly starved: number;
  /** After a collection. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** CPU time so far, in milliseconds. */
  readonly cpuMs: number;
}

/** Rooms go with their last member, so that a drained gateway holds none. */
const shortRooms = [
  { pattern: '*', joinCreates: true, settings: { emptyTimeout: '1s', departureTimeout: '1s' } },
];

/** A gateway in a process of its own. */
export class GatewayChild {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.#process = child;
    this.#folder = folder;
  }

  static async start(limits: Partial<CoreLimits> = {}, more: RawConfig = {}): Promise<GatewayChild> {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-fault-'));
    const keyFile = join(folder, 'keys.json');
    await writeFile(keyFile, JSON.stringify({ keys: [signingKey] }));
    const config: RawConfig = { keyFile, limits, rooms: shortRooms, ...more };
    const script = join(import.meta.dirname, 'gateway-process.ts');
    const child = fork(script, [JSON.stringify(config)], { execArgv: ['--expose-gc'], stdio: 'inherit' });
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`the gateway ended with ${code}`);
      }),
    ])) as [{ url: string }];
    return new GatewayChild(message.url, child, folder);
  }

  report(): Promise<GatewayReport> {
    return this.#ask('report');
  }

  /** Closes it in order. Returns what was left. */
  async stop(): Promise<GatewayReport> {
    const report = await this.#ask('close');
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    await rm(this.#folder, { recursive: true });
    return report;
  }

  /** Ends it at once, whatever it is doing. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ask(what: 'report' | 'close'): Promise<GatewayReport> {
    const answer = once(this.#process, 'message');
    this.#process.send(what);
    const [{ report }] = (await answer) as [{ report: GatewayReport }];
    return report;
  }
}
