import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** A gateway in a process of its own, which can be killed as a machine that fails would kill it, and started again. */
export class GatewayProcess {
  readonly port: number;
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(await freePort());
    onTestFinished(() => gateway.kill());
    await gateway.start();
    return gateway;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** On the port of before. */
  async start(): Promise<void> {
    const { PATH } = process.env;
    this.#child = spawn(process.execPath, [MAIN, 'serve', '--dev', '--port', `${this.port}`], {
      env: { PATH },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const end = performance.now() + 20_000;
    while (!(await this.#answers())) {
      if (performance.now() > end) throw new Error('the gateway does not answer');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** At once, and without a word to anybody. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async #answers(): Promise<boolean> {
    const response = await fetch(`${this.url}/healthz`).catch(() => undefined);
    return response?.ok === true;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
