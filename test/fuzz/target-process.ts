/** One target in a process of its own, which nothing that it does to it takes others along. Started by `campaign.ts`. */
import { writeFileSync } from 'node:fs';
import { type RunOptions, runTarget } from './run-target.ts';
import { loadTarget } from './targets.ts';

/** What the process is told on its command line, as JSON. */
export interface ProcessOptions extends Pick<RunOptions, 'seconds' | 'seed' | 'foundIn'> {
  readonly target: string;
  /** File that always holds the inputs that are being run. */
  readonly running: string;
}

const options = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions;
try {
  const report = await runTarget(await loadTarget(options.target), {
    ...options,
    begins: (batch) => writeFileSync(options.running, batch),
    progress: (executions, blocks) => void process.send?.({ executions, blocks }),
  });
  process.send?.({ report }, () => process.exit());
} catch (error) {
  // Left alone it would be taken for a defect of the gateway, which runs in this process.
  console.error(error);
  process.exit(1);
}
