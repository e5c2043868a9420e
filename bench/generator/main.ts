/** The load generator: a process of its own, told by its parent what to do. */
import type { Answer, Job, Order } from './job.ts';
import { createTrial } from './trials/create-trial.ts';
import type { Trial } from './trials/trial.ts';

let trial: Trial | undefined;

process.on('message', (order: Order) => {
  carryOut(order).then(answer, (error: unknown) =>
    answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

async function carryOut(order: Order): Promise<Answer> {
  if (order.kind === 'measure') return { kind: 'measured', measurement: await measure(order.job) };
  await trial?.close();
  trial = undefined;
  return { kind: 'ended' };
}

async function measure(job: Job) {
  if (trial === undefined) {
    trial = createTrial(job.target, job.scenario);
    await trial.prepare();
  }
  return trial.measure(job);
}

function answer(message: Answer): void {
  process.send?.(message);
}
