import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Job, Order } from '../generator/job.ts';
import type { Measurement } from '../metrics.ts';

const script = fileURLToPath(new URL('../generator/main.ts', import.meta.url));
/** Connecting, settling and disconnecting take a fraction of this. */
const overheadMs = 120_000;

/** The load generator's process. One for each subject: what one protocol makes of its code must not slow another. */
export class Generator {
  readonly #process: ChildProcess = fork(script, { serialization: 'json' });

  /** Carries out one round. Rejects when anything was lost or wrong. */
  async measure(job: Job): Promise<Measurement> {
    const answer = await this.#ask({ kind: 'measure', job }, job.rampMs + job.windowMs + overheadMs);
    if (answer.kind === 'measured') return answer.measurement;
    const message = answer.kind === 'failed' ? answer.message : answer.kind;
    throw new Error(`${job.target.protocol}, ${job.scenario.name}: ${message}`);
  }

  /** Closes the connections of the scenario. */
  async end(): Promise<void> {
    const answer = await this.#ask({ kind: 'end' }, overheadMs);
    if (answer.kind === 'failed') throw new Error(answer.message);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async #ask(order: Order, mostMs: number): Promise<Answer> {
    const child = this.#process;
    const answered = Promise.withResolvers<Answer>();
    const lost = (why: string) => () => answered.resolve({ kind: 'failed', message: why });
    const ended = lost('the load generator ended');
    const timer = setTimeout(lost('the load generator hangs'), mostMs);
    child.once('message', answered.resolve);
    child.once('exit', ended);
    child.send(order);
    const answer = await answered.promise;
    clearTimeout(timer);
    child.off('message', answered.resolve);
    child.off('exit', ended);
    return answer;
  }
}
