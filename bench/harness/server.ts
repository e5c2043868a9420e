import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Target } from '../generator/job.ts';
import type { Subject, Workspace } from '../subjects/subject.ts';

const startMs = 20_000;
const stopMs = 5_000;

/** A subject's process, from its first line of output to its end. */
export class Server {
  readonly subject: Subject;
  readonly target: Target;
  readonly #process: ChildProcess;

  private constructor(subject: Subject, target: Target, process: ChildProcess) {
    this.subject = subject;
    this.target = target;
    this.#process = process;
  }

  /** Starts it; done when it prints where it listens. Rejects with what it printed when it does not. */
  static async start(subject: Subject, workspace: Workspace): Promise<Server> {
    const child = spawn(process.execPath, subject.args(workspace), {
      cwd: workspace.root,
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const port = await listening(child);
      const pid = child.pid ?? 0;
      const { protocol } = subject;
      return new Server(subject, { protocol, port, pid, keyFile: workspace.keyFile }, child);
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`${subject.name} did not start: ${error instanceof Error ? error.message : error}`);
    }
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), stopMs);
    await ended;
    clearTimeout(timer);
  }
}

function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const timer = setTimeout(() => reject(new Error(`not within ${startMs} ms\n${printed}`)), startMs);
    // Read to the end of its life: a full pipe would hold the server up.
    const read = (chunk: Buffer): void => {
      if (printed.length > 100_000) return;
      printed += chunk.toString();
      const [, port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`it ended with ${code}\n${printed}`));
    });
  });
}
