import { execFile, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfiguredIceServers } from '../../src/ice/configured-ice-servers.ts';
import { until } from '../helpers/auth-kit.ts';
import { needs } from '../helpers/needs.ts';

const run = promisify(execFile);
/** Debian package coturn. The credentials themselves are proven against openssl's without it. */
const installed = spawnSync('turnserver', ['--version']).error === undefined;

/** A UDP port of loopback that nobody has. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return port;
}

/** Waits until a Binding request (RFC 8489) is answered. */
async function answersStun(port: number): Promise<void> {
  const request = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
  const socket = createSocket('udp4');
  let answered = false;
  socket.on('message', () => {
    answered = true;
  });
  try {
    await until(() => {
      socket.send(request, port, '127.0.0.1');
      return answered;
    });
  } finally {
    socket.close();
  }
}

if (needs('coturn', installed)) describe('a coturn with use-auth-secret', coturnSuite);

function coturnSuite() {
  let port = 0;
  let folder = '';
  let stop: () => Promise<void>;

  beforeAll(async () => {
    port = await freePort();
    folder = await mkdtemp(join(tmpdir(), 'signalbox-coturn-'));
    const args = [
      '-n --no-tls --no-dtls --no-cli --allow-loopback-peers --use-auth-secret --realm=test --simple-log --log-file=stdout',
      '--listening-ip=127.0.0.1 --relay-ip=127.0.0.1 --static-auth-secret=old --static-auth-secret=north',
      `--listening-port=${port} --pidfile=${join(folder, 'pid')} --userdb=${join(folder, 'db')}`,
    ];
    const server = spawn('turnserver', args.join(' ').split(' '), { cwd: folder });
    server.stdout.resume();
    const ended = new Promise((resolve) => {
      server.on('exit', resolve);
    });
    stop = async () => {
      server.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    };
    await answersStun(port);
  });
  afterAll(() => stop());

  /** Allocates with coturn's own client and sends one message through the relay; what it printed. */
  async function allocate(secret: string): Promise<string> {
    const urls = [`turn:127.0.0.1:${port}`];
    const servers = new ConfiguredIceServers([{ auth: 'secret', urls, secrets: [{ secret }] }], Date.now);
    const session = {
      sessionId: 's1',
      identity: 'ada',
      tenant: '',
      tokenExpiresAt: Number.POSITIVE_INFINITY,
    };
    const [server] = servers.for(session).servers;
    const args = [
      '-y',
      '-c',
      '-n',
      '1',
      '-m',
      '1',
      '-p',
      String(port),
      '-u',
      server?.username,
      '-w',
      server?.credential,
    ];
    const { stdout, stderr } = await run('turnutils_uclient', [...args.map(String), '127.0.0.1'], {
      timeout: 20_000,
    }).catch((error: { stdout: string; stderr: string }) => error);
    return stdout + stderr;
  }

  it('gives a relay for credentials of either of its secrets, and none for those of another', async () => {
    const [north, old, wrong] = await Promise.all(['north', 'old', 'wrong'].map(allocate));
    expect(north).toMatch(/tot_recv_msgs=[1-9]/);
    expect(old).toMatch(/tot_recv_msgs=[1-9]/);
    expect(wrong).toMatch(/Cannot complete Allocation/);
    expect(wrong).not.toMatch(/tot_recv_msgs=[1-9]/);
  }, 30_000);
}
