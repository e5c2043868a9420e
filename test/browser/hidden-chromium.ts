import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** One timer a minute soon after a tab is hidden, not only after five minutes. */
const THROTTLING = '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/5';

/** A tab, by what its scripts say. */
export interface Tab {
  /** The value of an expression, once it is settled. */
  evaluate(expression: string): Promise<unknown>;
}

/**
 * Chromium as its users have it: with throttled timers in tabs that are not in front. Playwright keeps each page visible and
 * focused, so this speaks the DevTools protocol itself.
 */
export class HiddenChromium {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  private constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.#process = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    };
  }

  static async start(executable: string): Promise<HiddenChromium> {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-hidden-'));
    const args = [
      '--headless=new',
      '--no-sandbox',
      '--no-first-run',
      '--disable-background-networking',
      THROTTLING,
    ];
    const child = spawn(
      executable,
      [...args, '--disable-sync', '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    const address = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`Chromium ended: ${said}`)));
      child.stderr.on('data', (chunk) => {
        said += chunk;
        const [found] = /ws:\/\/\S+/.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    const socket = new WebSocket(address);
    await once(socket, 'open');
    return new HiddenChromium(child, folder, socket);
  }

  /** Opens a tab in front of all others. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.#call('Target.createTarget', { url });
    await this.#call('Target.activateTarget', { targetId });
    const { sessionId } = await this.#call('Target.attachToTarget', { targetId, flatten: true });
    const tab = {
      evaluate: async (expression: string) => {
        const params = { expression, awaitPromise: true, returnByValue: true };
        const answer = (await this.#call('Runtime.evaluate', params, String(sessionId))) as {
          readonly result: { readonly value?: unknown };
          readonly exceptionDetails?: unknown;
        };
        if (answer.exceptionDetails !== undefined) throw new Error(JSON.stringify(answer.exceptionDetails));
        return answer.result.value;
      },
    };
    // While the page changes there is nothing to evaluate in.
    const place = () => tab.evaluate('document.readyState + location.href').catch(() => '');
    while ((await place()) !== `complete${url}`) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return tab;
  }

  async close(): Promise<void> {
    this.#socket.close();
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async #call(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    this.#calls += 1;
    const id = this.#calls;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await answered;
    this.#waiting.delete(id);
    if (result === undefined) throw new Error(`${method}: ${error?.message}`);
    return result;
  }
}
