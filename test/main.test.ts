import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Run {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly exit: Promise<number | null>;
}

/** `signalbox …`, with nothing of this environment but the path. */
function signalbox(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env['PATH'], ...env } });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, out: () => out, err: () => err, exit };
}

async function ready(run: Run): Promise<string> {
  for (let tries = 0; tries < 400; tries++) {
    const url = /Call page +(https?:\/\/[^/]+)/.exec(run.out())?.[1];
    if (url !== undefined) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not ready: ${run.out()}${run.err()}`);
}

describe('signalbox serve', () => {
  it('serves in development on a port of the system, says what that means, and ends in order at SIGTERM', async () => {
    const run = signalbox(['serve', '--dev', '--port', '0']);
    const url = await ready(run);
    expect(run.out()).toContain('DEVELOPMENT');
    expect(run.out()).toContain('grpcurl');
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'SERVING' });
    const token = await (await fetch(`${url}/dev/token?identity=ada&room=demo`)).text();
    expect(JSON.parse(atob(token.split('.')[1] ?? ''))).toMatchObject({ sub: 'ada', room: 'demo' });
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
  });

  it('takes the port of the environment, and a flag over it', async () => {
    const run = signalbox(['--dev', '--port', '0'], { PORT: '1' });
    expect(new URL(await ready(run)).port).not.toBe('1');
    run.child.kill('SIGINT');
    expect(await run.exit).toBe(0);
  });

  it('refuses to start without keys, and says how to get them', async () => {
    const run = signalbox(['serve', '--port', '0']);
    expect(await run.exit).toBe(1);
    expect(run.err()).toContain('signalbox keys new > keys.json');
    expect(run.err()).toContain('--dev');
  });

  it('says who has the port, and what to do', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const run = signalbox(['serve', '--dev', '--port', port]);
    expect(await run.exit).toBe(1);
    expect(run.err()).toContain(`127.0.0.1:${port} already`);
    holder.close();
  });

  it.each([
    [['serve', '--port', '70000'], 'port: must be a whole number'],
    [['serve', '--prot', '1'], "Unknown option '--prot'"],
    [['bogus'], 'unknown command: bogus'],
    [['serve', '--dev', '--config', '/nowhere.json'], 'cannot use the configuration /nowhere.json'],
    [['token', '--identity', 'ada'], 'no key file'],
  ])('refuses %j with a sentence, not a stack', async (args, sentence) => {
    const run = signalbox(args);
    expect(await run.exit).toBe(1);
    expect(run.err()).toContain(sentence);
    expect(run.err()).not.toContain('    at ');
  });
});
