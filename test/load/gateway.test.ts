import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServerFrame } from '../../src/client/codec/messages.ts';
import { type Environment, systemEnvironment } from '../../src/client/environment.ts';
import { loadCommand } from '../../src/load/load-command.ts';
import { readLoadOptions } from '../../src/load/options.ts';
import { Run } from '../../src/load/run.ts';
import { tokenSupply } from '../../src/load/tokens.ts';
import { startTestGateway } from '../client/gateway-kit.ts';
import { until } from '../helpers/auth-kit.ts';
import { signingKey, startE2eGateway } from '../helpers/e2e-gateway.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `signalbox load …` in this process. */
async function load(args: readonly string[], stop = new AbortController().signal): Promise<Ran> {
  let [out, err] = ['', ''];
  const code = await loadCommand(args, {
    ...context(),
    writeFile,
    takeAnyCertificate: () => {},
    print: (text) => {
      out += text;
    },
    screen: {
      isTerminal: false,
      write: (text) => {
        err += text;
      },
    },
    stop,
  });
  return { code, out, err };
}

function context() {
  return {
    keyFile: undefined,
    generator: 'test',
    readFile: (path: string) => readFile(path, 'utf8'),
    now: () => Date.now(),
    newTokenId: () => 'id',
  };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'signalbox-load-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

const twenty = ['--rooms', '5', '--participants', '4', '--duration', '2s'];

describe('signalbox load against a gateway', () => {
  it.each(['websocket', 'grpc', 'connect'])(
    'loads it over %s, and leaves nobody behind',
    async (transport) => {
      const gateway = await startTestGateway();
      const json = join(await folder(), 'results.json');
      const { code, out, err } = await load([
        gateway.url,
        ...twenty,
        '--transport',
        transport,
        '--json',
        json,
      ]);
      expect(out).toContain('20 of 20 joined');
      expect(out).toContain('all joined, nothing was refused or lost');
      expect(code).toBe(0);
      expect(err).toContain('sessions 20/20');
      const results = JSON.parse(await readFile(json, 'utf8'));
      expect(results).toMatchObject({
        passed: true,
        missing: 0,
        twice: 0,
        altered: 0,
        sessions: { joined: 20 },
      });
      // 100 a second at random moments for 2 s, after a second that warms up.
      expect(results.measured.sent).toBeGreaterThan(130);
      expect(results.measured.sent).toBeLessThan(270);
      expect(results.received).toBe(results.sent);
      expect(results.latency.p50).toBeGreaterThan(0);
      await until(() => gateway.served.node.figures.rooms + gateway.served.node.figures.connections === 0);
    },
  );

  it.each([
    ['class', [], 29],
    ['broadcast', ['--participants', '50', '--rate', '20'], 49],
    ['cameras', ['--participants', '20'], 1],
  ])('plays the scenario %s', async (scenario, more, receivers) => {
    const gateway = await startTestGateway();
    const json = join(await folder(), 'results.json');
    const args = [gateway.url, '--scenario', scenario, '--duration', '1s', '--json', json, ...more];
    const { code, out } = await load(args);
    expect(out).toContain('nothing was refused or lost');
    expect(code).toBe(0);
    const results = JSON.parse(await readFile(json, 'utf8'));
    expect(results.sent).toBeGreaterThan(5);
    expect(results.received).toBe(results.sent * receivers);
  });

  it('signs tokens with a key file, makes the rooms that a scenario needs, and takes tokens from a file', async () => {
    const gateway = await startE2eGateway();
    onTestFinished(() => gateway.close());
    const path = await folder();
    const keys = join(path, 'keys.json');
    await writeFile(keys, JSON.stringify({ keys: [signingKey] }));
    const cameras = ['--scenario', 'cameras', '--participants', '10', '--duration', '1s'];
    expect(await load([gateway.url, ...cameras, '--key-file', keys])).toMatchObject({ code: 0 });
    const tokens = join(path, 'tokens');
    const made = [
      gateway.token({ identity: 'a', create: true }),
      gateway.token({ identity: 'b', create: true }),
    ];
    await writeFile(tokens, (await Promise.all(made)).join('\n'));
    const few = ['--rooms', '2', '--duration', '1s', '--tokens', tokens];
    expect(await load([gateway.url, ...few])).toMatchObject({ code: 0 });
    const { code, err } = await load([gateway.url]);
    expect(code).toBe(1);
    expect(err).toContain('give --key-file with its key file');
  });

  it('tells what was refused, by reason', async () => {
    const gateway = await startTestGateway({ limits: { messageBytes: 200 } });
    const { code, out } = await load([gateway.url, '--send', 'messages', '--duration', '1s']);
    expect(out).toMatch(/refused {5}[1-9]\d*: too_large/);
    expect(out).toContain('there were errors');
    expect(code).toBe(1);
  });

  it('tells of sessions that are slowed down, and which limits do that', async () => {
    const gateway = await startTestGateway({ limits: { signalRate: { burst: 1, perSecond: 1 } } });
    const { code, out } = await load([gateway.url, '--rooms', '1', '--duration', '1s']);
    expect(out).toMatch(/[1-9]\d* were not answered in time: .*limits\.signalRate/);
    expect(code).toBe(1);
  });

  it('reports a gateway that goes away half-way, and ends in time', async () => {
    const gateway = await startE2eGateway();
    const keys = join(await folder(), 'keys.json');
    await writeFile(keys, JSON.stringify({ keys: [signingKey] }));
    const began = performance.now();
    const running = load([gateway.url, ...twenty, '--duration', '3s', '--key-file', keys]);
    await delay(2_500);
    await gateway.close();
    const { code, out } = await running;
    expect(performance.now() - began).toBeLessThan(12_000);
    expect(code).toBe(1);
    expect(out).toMatch(/interrupted 20: /);
    expect(out).toMatch(/unknown {5}0 of a session that was lost, [1-9]\d* not answered/);
    expect(out).toContain('there were errors');
  });

  it('says at once that there is nobody, or that the token is refused', async () => {
    const { code, err } = await load(['http://127.0.0.1:9', ...twenty, '--tokens', await tokensFile('x')]);
    expect(code).toBe(1);
    expect(err).toContain('the first session did not join: unreachable');
    const gateway = await startTestGateway();
    const refused = await load([gateway.url, ...twenty, '--tokens', await tokensFile('no.such.token')]);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('token_invalid');
  });

  it('ends early when the user wants that, with the figures so far', async () => {
    const gateway = await startTestGateway();
    const stop = new AbortController();
    const running = load([gateway.url, ...twenty, '--duration', '1h'], stop.signal);
    await delay(2_500);
    stop.abort();
    const stopped = performance.now();
    const { code, out } = await running;
    expect(performance.now() - stopped).toBeLessThan(3_000);
    expect(code).toBe(0);
    expect(out).toContain('ended early stopped by the user');
    await until(() => gateway.served.node.figures.rooms + gateway.served.node.figures.connections === 0);
  });

  it('ends with 2 where an option is wrong', async () => {
    expect(await load(['--rooms', 'many'])).toMatchObject({ code: 2 });
    expect(await load(['--key-file', '/no/such/file'])).toMatchObject({ code: 2 });
    expect(await load(['--help'])).toMatchObject({ code: 0 });
  });
});

describe('a run on a gateway that does not keep its word', () => {
  it('finds each signal that was lost, and each that was altered', async () => {
    const gateway = await startTestGateway();
    const done = { lost: 0, altered: 0 };
    let signals = 0;
    const environment = meddling((frame) => {
      if (frame.body.case !== 'signal' || frame.body.value.payload.case !== 'candidates') return true;
      signals += 1;
      const [candidate] = frame.body.value.payload.value.candidates;
      if (signals % 20 === 0) {
        done.lost += 1;
        return false;
      }
      if (signals % 20 === 10 && candidate !== undefined) {
        done.altered += 1;
        Object.assign(candidate, { candidate: `${candidate.candidate.slice(0, -1)}#` });
      }
      return true;
    });
    const options = readLoadOptions([gateway.url, ...twenty, '--duration', '1s'], context());
    if (options === undefined) throw new Error('help');
    const tokens = await tokenSupply(options, context());
    const run = new Run(options, tokens, new AbortController().signal, environment);
    const { tally, missing } = await run.go();
    expect(done.lost).toBeGreaterThan(3);
    expect(tally.altered).toBe(done.altered);
    // One that was altered did not arrive as it was sent.
    expect(missing).toBe(done.lost + done.altered);
    expect(tally.received).toBe(tally.sent - missing);
  });
});

async function tokensFile(content: string): Promise<string> {
  const path = join(await folder(), 'tokens');
  await writeFile(path, content);
  return path;
}

/** WebSockets whose frames may be changed, or swallowed, before the session sees them. */
function meddling(passes: (frame: ServerFrame) => boolean): Environment {
  const environment = systemEnvironment();
  return {
    ...environment,
    async transport(name) {
      const { open } = await environment.transport(name);
      return {
        name,
        open: (opening, events) =>
          open(opening, {
            closed: (end) => events.closed(end),
            frame: (frame, bytes) => {
              if (passes(frame)) events.frame(frame, bytes);
            },
          }),
      };
    },
  };
}
