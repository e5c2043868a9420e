import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ClientHistory } from '../helpers/history.ts';
import type { FleetOptions } from './fleet.ts';
import type { Others } from './scenarios/run-fleet.ts';

/** A fleet in a process of its own. */
export class FleetChild implements Others {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  static async start(options: FleetOptions): Promise<FleetChild> {
    const script = join(import.meta.dirname, 'fleet-process.ts');
    const child = fork(script, [JSON.stringify(options)], { execArgv: [], stdio: 'inherit' });
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`the fleet ended with ${code}`);
      }),
    ]);
    return new FleetChild(child);
  }

  /** The kernel goes on for it: its sockets stay open and take what comes, until they are full. */
  stop(): void {
    this.#process.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process.kill('SIGCONT');
  }

  /** Participant ids of its clients at the moment. */
  async ids(): Promise<readonly string[]> {
    return (await this.#ask('ids')) as string[];
  }

  async rest(): Promise<void> {
    await this.#ask('rest');
  }

  async histories(): Promise<readonly ClientHistory[]> {
    return (await this.#ask('histories')) as ClientHistory[];
  }

  async end(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.send('end');
    await gone;
  }

  /** Ends it at once, stopped or not. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  async #ask(what: string): Promise<unknown> {
    const answer = once(this.#process, 'message');
    this.#process.send(what);
    const [message] = await answer;
    return message;
  }
}
