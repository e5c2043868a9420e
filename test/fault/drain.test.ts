import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../gen/grpc/health/v1/health_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep, Welcome_Outcome as Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import { readStateFile } from '../../src/runtime/state-file.ts';
import type { LaneClient } from '../helpers/lane-client.ts';
import { type LaneKind, openLane } from '../helpers/lane-clients.ts';
import { PausedStreams } from '../helpers/paused-streams.ts';
import { resumeOf } from '../helpers/resume-point.ts';
import { faultToken, signingKey } from './gateway-token.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const children: ChildProcess[] = [];
let folder: string;
let state: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-drain-'));
  state = join(folder, 'state');
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [signingKey] }));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: string;
  readonly log: () => string;
  /** Exit code, and how long after the last `signal`. */
  readonly exit: Promise<{ code: number | null; afterMs: number }>;
  signal(name: NodeJS.Signals): void;
}

/** `signalbox serve …`, once it listens or has ended. */
async function signalbox(...args: string[]): Promise<Run> {
  const env = { PATH: process.env['PATH'], SIGNALBOX_KEY_FILE: join(folder, 'keys.json') };
  const flags = args.includes('--port') ? args : ['--port', '0', ...args];
  const child = spawn(process.execPath, [main, 'serve', ...flags], { env });
  children.push(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  }
  let signalledAt = performance.now();
  const exit = new Promise<{ code: number | null; afterMs: number }>((resolve) =>
    child.once('close', (code) => resolve({ code, afterMs: performance.now() - signalledAt })),
  );
  const listens = () => /http:\/\/127\.0\.0\.1:(\d+)/.exec(out);
  for (let tries = 0; tries < 600 && listens() === null && child.exitCode === null; tries += 1)
    await delay(20);
  const port = listens()?.[1] ?? '';
  const signal = (name: NodeJS.Signals) => {
    signalledAt = performance.now();
    child.kill(name);
  };
  return { child, url: `http://127.0.0.1:${port}`, port, log: () => out, exit, signal };
}

async function open(run: Run, kind: LaneKind, identity: string, more = {}): Promise<LaneClient> {
  return openLane(kind, { url: run.url, token: await faultToken({ identity }), ...more });
}

describe('SIGTERM', () => {
  it('makes the gateway not ready at once, tells every lane to go, serves on, and ends within the deadline', async () => {
    const run = await signalbox('--drain-seconds', '4');
    const kinds: LaneKind[] = ['grpc', 'connect', 'ws-proto', 'ws-json', 'halves-connect'];
    const clients = await Promise.all(kinds.map((kind) => open(run, kind, kind)));
    for (const client of clients) await client.join('r');
    run.signal('SIGTERM');
    for (const client of clients) {
      const { deadline, reconnectAfter, reason } = await client.until('goAway');
      expect(durationMs(deadline!)).toBeGreaterThan(2800);
      expect(durationMs(deadline!)).toBeLessThanOrEqual(3000);
      expect(durationMs(reconnectAfter!)).toBeLessThan(1500);
      expect(reason).toBe(Reason.DRAINING);
    }
    const health = await fetch(`${run.url}/healthz`);
    expect([health.status, await health.json()]).toEqual([503, { status: 'NOT_SERVING' }]);
    // A balancer that has not looked yet sends one more; it is served, and told.
    const late = await open(run, 'grpc', 'late');
    await late.until('welcome');
    await late.until('goAway');
    late.send({ case: 'join', value: { room: 'r' } });
    await late.until('joined');
    for (const client of [...clients, late]) {
      const closed = await client.until('closed');
      expect(closed).toMatchObject({ reason: Reason.DRAINING, nextStep: NextStep.RESUME });
      expect(durationMs(closed.retryAfter!)).toBeGreaterThanOrEqual(100);
    }
    const { code, afterMs } = await run.exit;
    expect(code).toBe(0);
    expect(afterMs).toBeGreaterThan(2900);
    expect(afterMs).toBeLessThan(4000);
  });

  it('is told at once to those who watch the health over gRPC', async () => {
    const run = await signalbox('--drain-seconds', '4');
    const health = createClient(Health, createGrpcTransport({ baseUrl: run.url }));
    const told: { status: ServingStatus; afterMs: number }[] = [];
    let signalledAt = 0;
    for await (const { status } of health.watch({ service: '' })) {
      told.push({ status, afterMs: performance.now() - signalledAt });
      if (told.length === 2) break;
      signalledAt = performance.now();
      run.signal('SIGTERM');
    }
    expect(told.map(({ status }) => status)).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    expect(told[1]?.afterMs).toBeLessThan(1000);
    expect((await run.exit).code).toBe(0);
  });

  it('ends a gateway that nobody is connected to once balancers have looked', async () => {
    const run = await signalbox('--drain-seconds', '8');
    run.signal('SIGTERM');
    await delay(500);
    expect((await fetch(`${run.url}/healthz`)).status).toBe(503);
    const { code, afterMs } = await run.exit;
    expect(code).toBe(0);
    expect(afterMs).toBeGreaterThan(1900);
    expect(afterMs).toBeLessThan(4000);
  });

  it('ends within the deadline though lanes never read, and sockets say nothing', async () => {
    const run = await signalbox('--drain-seconds', '3');
    const deaf = new PausedStreams(run.url);
    await deaf.open(20, await faultToken({ identity: 'deaf' }));
    const shouter = await open(run, 'grpc', 'shouter');
    shouter.send({ case: 'join', value: { room: 'flood' } });
    await shouter.until('joined');
    for (let index = 0; index < 200; index += 1) {
      const content = { case: 'text' as const, value: 'x'.repeat(15_000) };
      shouter.send({ case: 'message', value: { room: 'flood', content } });
    }
    await shouter.untilAcked();
    run.signal('SIGTERM');
    const { code, afterMs } = await run.exit;
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(3000);
    deaf.drop();
  });

  it('that comes twice at once is one: terminals and supervisors signal the launcher and the gateway', async () => {
    const run = await signalbox('--drain-seconds', '2');
    const client = await open(run, 'grpc', 'ann');
    await client.until('welcome');
    run.signal('SIGTERM');
    // Not the same one twice: while it is pending the kernel takes it once.
    run.child.kill('SIGINT');
    await client.until('goAway');
    await client.until('closed');
    expect((await run.exit).code).toBe(0);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('and then %s ends the process now', async (second, expected) => {
    const run = await signalbox('--drain-seconds', '30');
    const client = await open(run, 'grpc', 'ann');
    await client.until('welcome');
    run.signal('SIGTERM');
    await client.until('goAway');
    await delay(300);
    run.signal(second);
    const { code, afterMs } = await run.exit;
    expect(code).toBe(expected);
    expect(afterMs).toBeLessThan(500);
  });
});

describe('Ctrl-C', () => {
  it('waits for nobody where nobody is connected', async () => {
    const run = await signalbox();
    run.signal('SIGINT');
    const { code, afterMs } = await run.exit;
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(1000);
  });
});

describe('a restart with --state', () => {
  it('hands sessions over to the next process, which removes the file before it listens', async () => {
    const first = await signalbox('--state', state);
    const ann = await open(first, 'grpc', 'ann');
    const welcome = await ann.until('welcome');
    ann.send({ case: 'join', value: { room: 'r' } });
    await ann.until('joined');
    first.signal('SIGTERM');
    // Nobody else is there to go to: it stays to the end, and comes back after it.
    const { deadline, reconnectAfter } = await ann.until('goAway');
    expect(durationMs(deadline!)).toBeLessThanOrEqual(200);
    expect(durationMs(reconnectAfter!)).toBeGreaterThan(durationMs(deadline!));
    await ann.until('closed');
    const { code, afterMs } = await first.exit;
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(1500);
    expect(readdirSync(folder).sort()).toEqual(['keys.json', 'state']);

    // A start that finds its port taken leaves the file where it is.
    const holder = createServer().listen(Number(first.port), '127.0.0.1');
    const failed = await signalbox('--state', state, '--port', first.port);
    expect((await failed.exit).code).toBe(1);
    holder.close();
    expect(existsSync(state)).toBe(true);

    const second = await signalbox('--state', state, '--port', first.port);
    expect(readdirSync(folder)).toEqual(['keys.json']);
    const again = await open(second, 'ws-proto', 'ann', {
      firstSeq: 2,
      hello: { resume: resumeOf(ann, welcome) },
    });
    expect(await again.until('welcome')).toMatchObject({ outcome: Outcome.RESUMED, epoch: welcome.epoch });
    again.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'still here' } } });
    await again.until('message');

    // A crash later brings nothing back.
    second.signal('SIGKILL');
    await second.exit;
    const third = await signalbox('--state', state, '--port', first.port);
    const fresh = await open(third, 'grpc', 'ann', { hello: { resume: resumeOf(ann, welcome) } });
    expect(await fresh.until('welcome')).toMatchObject({
      outcome: Outcome.FRESH,
      reason: Reason.WINDOW_EXPIRED,
    });
  });

  it('keeps what it took up though it is stopped before it listens', async () => {
    const first = await signalbox('--state', state);
    const ann = await open(first, 'grpc', 'ann');
    const welcome = await ann.until('welcome');
    first.signal('SIGTERM');
    await first.exit;
    // Stopped in the middle of its start, again and again, at another moment each time.
    for (let round = 0; round < 4; round += 1) {
      const child = spawn(process.execPath, [main, 'serve', '--port', '0', '--state', state], {
        env: { SIGNALBOX_KEY_FILE: join(folder, 'keys.json') },
        stdio: 'ignore',
      });
      children.push(child);
      const ended = new Promise((resolve) => child.once('close', resolve));
      if (round % 2 === 0) await delay(100 + round * 150);
      else while (existsSync(state) && child.exitCode === null) await delay(1);
      child.kill('SIGTERM');
      await ended;
      expect(existsSync(state), `round ${round}`).toBe(true);
    }
    const last = await signalbox('--state', state);
    const again = await open(last, 'grpc', 'ann', { hello: { resume: resumeOf(ann, welcome) } });
    expect(await again.until('welcome')).toMatchObject({ outcome: Outcome.RESUMED });
  }, 60_000);

  it('fails loudly where the state cannot be written at the end', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    const run = await signalbox('--state', join(inner, 'state'));
    const ann = await open(run, 'grpc', 'ann');
    await ann.until('welcome');
    rmSync(inner, { recursive: true });
    run.signal('SIGTERM');
    // Clients are sent away in order all the same.
    expect(await ann.until('closed')).toMatchObject({ nextStep: NextStep.RESUME });
    expect((await run.exit).code).toBe(1);
    expect(run.log()).toContain('the state could not be written: all sessions are lost');
  });

  it('says at the start, and not at the end, that the file cannot be written', async () => {
    const run = await signalbox('--state', join(folder, 'nowhere', 'state'));
    expect((await run.exit).code).toBe(1);
    expect(run.log()).toContain(
      'its folder does not exist: choose a file in a folder that this user may write to',
    );
    expect(run.log()).not.toContain('    at ');
  });

  it('leaves a whole file, the older or the newer one, when the process is killed as it writes', async () => {
    const stateFile = new URL('../../src/runtime/state-file.ts', import.meta.url);
    const script = `
      import { writeStateFile } from ${JSON.stringify(stateFile.href)};
      for (let count = 1; ; count += 1) {
        await writeStateFile(${JSON.stringify(state)}, Array.from({ length: 40 }, () => new Uint8Array(100_000).fill(count)));
        process.stdout.write('.');
      }`;
    const counts = new Set<number>();
    for (let round = 0; round < 8; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
      children.push(child);
      const ended = new Promise((resolve) => child.once('close', resolve));
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await delay(round * 7);
      child.kill('SIGKILL');
      await ended;
      const records = readStateFile(state, (record) => record[0] ?? 0);
      expect(records?.length).toBe(40);
      expect(new Set(records).size).toBe(1);
      counts.add(records?.[0] ?? 0);
    }
    // It was killed between and within writes.
    expect(counts.size).toBeGreaterThan(1);
  });
});
