import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Target } from '../generator/job.ts';
import type { Subject, Workspace } from '../subjects/subject.ts';

/** Eight start at once, and the machine may be busy with other things. */
const startMs = 60_000;
/** A gateway with sessions drains before it ends, and a profile takes its time to be written. */
const stopMs = 5_000;

/** A subject's process, from its start to its end. */
export class Server {
  readonly subject: Subject;
  readonly target: Target;
  /** From the start of the process to the first connection that it accepted, in milliseconds. */
  readonly startedMs: number;
  readonly #process: ChildProcess;

  private constructor(subject: Subject, target: Target, startedMs: number, process: ChildProcess) {
    this.subject = subject;
    this.target = target;
    this.startedMs = startedMs;
    this.#process = process;
  }

  /**
   * Starts it; done when it prints where it listens, and accepts a connection there. Rejects with what it printed when it does
   * not.
   *
   * @param nodeArgs options of Node, before those of the subject
   */
  static async start(
    subject: Subject,
    workspace: Workspace,
    nodeArgs: readonly string[] = [],
  ): Promise<Server> {
    const begun = performance.now();
    const child = spawn(process.execPath, [...nodeArgs, ...subject.args(workspace)], {
      cwd: workspace.root,
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const port = await listening(child);
      await accepting(port);
      const startedMs = performance.now() - begun;
      const { protocol, secure = false } = subject;
      const target = { protocol, port, secure, pid: child.pid ?? 0, keyFile: workspace.keyFile };
      return new Server(subject, target, startedMs, child);
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

async function accepting(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const timer = setTimeout(() => reject(new Error(`not within ${startMs} ms\n${printed}`)), startMs);
    // Read to the end of its life: a full pipe would hold the server up.
    const read = (chunk: Buffer): void => {
      if (printed.length > 100_000) return;
      printed += chunk.toString();
      const [, port] = /https?:\/\/(?:127\.0\.0\.1|localhost):(\d+)/.exec(printed) ?? [];
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
