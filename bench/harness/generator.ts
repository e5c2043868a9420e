import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Job, Measurement } from '../generator/job.ts';

const script = fileURLToPath(new URL('../generator/main.ts', import.meta.url));
/** Connecting, settling and disconnecting take a fraction of this. */
const overheadMs = 30_000;

/** The load generator's process. One for each subject: what one protocol makes of its code must not slow another. */
export class Generator {
  readonly #process: ChildProcess = fork(script, { serialization: 'json' });

  /** Carries out one round. Rejects when anything was lost or wrong. */
  async run(job: Job): Promise<Measurement> {
    const child = this.#process;
    const answered = Promise.withResolvers<Answer>();
    const lost = (why: string) => () => answered.resolve({ kind: 'failed', message: why });
    const ended = lost('the load generator ended');
    const timer = setTimeout(lost('the load generator hangs'), job.rampMs + job.windowMs + overheadMs);
    child.once('message', answered.resolve);
    child.once('exit', ended);
    child.send(job);
    const answer = await answered.promise;
    clearTimeout(timer);
    child.off('message', answered.resolve);
    child.off('exit', ended);
    if (answer.kind === 'measured') return answer.measurement;
    throw new Error(`${job.target.protocol}, ${job.scenario.name}: ${answer.message}`);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
