/** The load generator: a process of its own, told by its parent what to do. */
import type { Answer, Job } from './job.ts';
import { runRound } from './round.ts';

process.on('message', (job: Job) => {
  runRound(job).then(
    (measurement) => answer({ kind: 'measured', measurement }),
    (error: unknown) =>
      answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));

function answer(message: Answer): void {
  process.send?.(message);
}
