import { fork } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBatch, keepInput } from './input-file.ts';
import type { TargetReport } from './run-target.ts';
import type { ProcessOptions } from './target-process.ts';

export interface CampaignOptions {
  readonly targets: readonly string[];
  /** For each target. */
  readonly seconds: number;
  readonly seed: number;
  /** Targets at once, each in a process of its own. */
  readonly width: number;
  /** Told about once a second and target. */
  readonly progress?: (target: string, executions: number, blocks: number) => void;
}

/** Found inputs and the ones that are being run. Not committed. */
const folder = join(import.meta.dirname, '../../.cache/fuzz');

/** A target that has said nothing for so long hangs, in milliseconds. It speaks once a second. */
const SILENCE_MS = 30_000;

/** Fuzzes targets side by side, and reports in their order. */
export async function runCampaign(options: CampaignOptions): Promise<TargetReport[]> {
  await mkdir(folder, { recursive: true });
  const waiting = [...options.targets.entries()];
  const reports: TargetReport[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, target] = next;
      reports[index] = await runProcess(target, options);
    }
  };
  await Promise.all(Array.from({ length: options.width }, work));
  return reports;
}

interface Message {
  readonly report?: TargetReport;
  readonly executions?: number;
  readonly blocks?: number;
}

function runProcess(target: string, { seconds, seed, progress }: CampaignOptions): Promise<TargetReport> {
  const running = join(folder, `${target}.running.json`);
  const options: ProcessOptions = { target, seconds, seed, running, foundIn: folder };
  const child = fork(join(import.meta.dirname, 'target-process.ts'), [JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let executions = 0;
  let report: TargetReport | undefined;
  let cause = '';
  return new Promise((resolve) => {
    const hangs = (): void => {
      cause = `nothing was heard of it for ${SILENCE_MS / 1000} s: it hangs`;
      child.kill('SIGKILL');
    };
    let silence = setTimeout(hangs, SILENCE_MS);
    child.on('message', (message: Message) => {
      clearTimeout(silence);
      report = message.report;
      if (report === undefined) silence = setTimeout(hangs, SILENCE_MS);
      executions = message.executions ?? executions;
      if (message.executions !== undefined) progress?.(target, executions, message.blocks ?? 0);
    });
    child.once('exit', async (code, signal) => {
      clearTimeout(silence);
      const what = cause || `the process ended with ${signal ?? code}`;
      resolve(report ?? { ...(await perished(target, seed, running, what)), executions });
    });
  });
}

/** The report of a process that could not give one: the inputs that it was running are kept. */
async function perished(target: string, seed: number, running: string, what: string): Promise<TargetReport> {
  const batch = decodeBatch(await readFile(running, 'utf8').catch(() => '[]'));
  const files = await Promise.all(
    batch.map((input, index) =>
      keepInput(join(folder, target), `${target}-${seed}-running-${index}`, target, what, input),
    ),
  );
  const violations = [{ what: `${what}; what it was running is in ${folder}/${target}`, file: files[0] }];
  return { target, seed, executions: 0, replayed: 0, accepted: 0, kinds: {}, blocks: 0, violations };
}
