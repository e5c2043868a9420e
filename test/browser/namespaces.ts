import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, chromium } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { BROWSER_ARGUMENTS, chromiumPath } from './chromium.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Why two hosts and a router cannot be made of network namespaces (Linux, as root, iproute2); undefined: they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const probe = `sb-probe-${process.pid}`;
  try {
    ip('netns', 'add', probe);
    execFileSync('tc', ['-n', probe, 'qdisc', 'replace', 'dev', 'lo', 'root', 'pfifo', 'limit', '0']);
    return undefined;
  } catch (error) {
    return `network namespaces cannot be made: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  } finally {
    try {
      ip('netns', 'del', probe);
    } catch {
      // It was not made.
    }
  }
}

/** Two hosts with a browser each, and a router between them that runs the gateway: packets go by no other way. */
export class Hosts {
  /** Of the gateway, as the hosts see it. */
  readonly url: string;
  readonly #router: string;
  readonly #folder: string;

  private constructor(url: string, router: string, folder: string) {
    this.url = url;
    this.#router = router;
    this.#folder = folder;
  }

  /** Everything is undone when the test is finished. */
  static async start(): Promise<Hosts> {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-hosts-'));
    const router = `sb${process.pid}`;
    const spaces = [router, `${router}-1`, `${router}-2`];
    onTestFinished(async () => {
      for (const space of spaces) ip('netns', 'del', space);
      await rm(folder, { recursive: true });
    });
    for (const space of spaces) {
      ip('netns', 'add', space);
      ip('-n', space, 'link', 'set', 'lo', 'up');
    }
    for (const host of [1, 2]) {
      const space = `${router}-${host}`;
      ip('link', 'add', `to${host}`, 'netns', router, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
      ip('-n', router, 'addr', 'add', `10.231.${host}.1/24`, 'dev', `to${host}`);
      ip('-n', router, 'link', 'set', `to${host}`, 'up');
      ip('-n', space, 'addr', 'add', `10.231.${host}.2/24`, 'dev', 'eth0');
      ip('-n', space, 'link', 'set', 'eth0', 'up');
      ip('-n', space, 'route', 'add', 'default', 'via', `10.231.${host}.1`);
    }
    ip('netns', 'exec', router, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    return new Hosts(await startGateway(router), router, folder);
  }

  /** A browser on host 1 or 2, for which the gateway's pages are a secure context. */
  async browser(host: 1 | 2): Promise<Browser> {
    const path = join(this.#folder, `chromium-${host}`);
    await writeFile(path, `#!/bin/sh\nexec ip netns exec ${this.#router}-${host} ${chromiumPath()} "$@"\n`);
    await chmod(path, 0o755);
    const args = [...BROWSER_ARGUMENTS, `--unsafely-treat-insecure-origin-as-secure=${this.url}`];
    const browser = await chromium.launch({ executablePath: path, args });
    onTestFinished(() => browser.close());
    return browser;
  }

  /** Host 1 loses its network: no packet comes or goes, and nothing tells it so. */
  cut(): void {
    this.#queues('replace', 'pfifo', 'limit', '0');
  }

  mend(): void {
    this.#queues('del');
  }

  /** The cable of host 1 is pulled: its browser is told that it is offline. */
  unplug(): void {
    ip('-n', `${this.#router}-1`, 'link', 'set', 'eth0', 'down');
  }

  plug(): void {
    ip('-n', `${this.#router}-1`, 'link', 'set', 'eth0', 'up');
    ip('-n', `${this.#router}-1`, 'route', 'add', 'default', 'via', '10.231.1.1');
  }

  #queues(action: 'replace' | 'del', ...kind: string[]): void {
    for (const [space, device] of [
      [`${this.#router}-1`, 'eth0'],
      [this.#router, 'to1'],
    ] as const) {
      execFileSync('tc', ['-n', space, 'qdisc', action, 'dev', device, 'root', ...kind]);
    }
  }
}

/** The gateway as its users start it. Returns its URL. */
async function startGateway(space: string): Promise<string> {
  const command = ['netns', 'exec', space, process.execPath, 'src/main.ts', 'serve', '--dev'];
  const child = spawn('ip', [...command, '--host', '10.231.1.1', '--port', '0', '--log-level', 'info'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [url] = /http:\/\/10\.231\.1\.1:\d+/.exec(line) ?? [];
    if (url === undefined) continue;
    child.stdout.resume();
    return url;
  }
  throw new Error('the gateway ended before it listened');
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
