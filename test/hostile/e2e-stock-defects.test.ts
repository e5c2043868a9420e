import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { Participant_State as State } from '../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { until } from '../helpers/auth-kit.ts';
import { Bystanders } from '../helpers/bystanders.ts';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import { type LaneKind, laneKinds, openLane } from '../helpers/lane-clients.ts';
import { PausedStreams } from '../helpers/paused-streams.ts';
import { callUnary } from '../helpers/unary-call.ts';
import { framed } from '../lanes/envelope/raw-client.ts';
import { goodToken } from './forged-tokens.ts';

// The defects of connect-es, Fastify and Node that this gateway was designed around, each through the whole gateway.
// The same ones lower down: test/lanes/envelope/ghosts.test.ts, test/hostile/websocket.test.ts (back-pressure),
// test/gateway/protocols.test.ts (authority, unknown rpc, limits), test/gateway/close.test.ts, test/gateway/admission.test.ts.

const root = join(import.meta.dirname, '../..');
const getRoom = '/signalbox.v1.RoomService/GetRoom';
const children: ChildProcess[] = [];
const gateways: E2eGateway[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
});

async function start(...config: Parameters<typeof startE2eGateway>): Promise<E2eGateway> {
  const gateway = await startE2eGateway(...config);
  gateways.push(gateway);
  return gateway;
}

/** Sockets and timers of this process: of the gateway and of its clients, both in here. */
const resources = (kind: RegExp) => process.getActiveResourcesInfo().filter((name) => kind.test(name)).length;

// The ghost bug of connect-node and connect-fastify: a server stream that waits for a reader under back-pressure is a
// generator at its `yield`. When the client resets or drops, the call's signal aborts, but nobody resumes the generator:
// its `finally` ran 4 times of 100, and sessions, timers and listeners that it should clear stayed for ever. Here the
// transport itself reports that the stream is dead, and what waits is a cursor in a log.
test('1,000 streams that die under back-pressure leave no session, socket, timer or listener', {
  timeout: 120_000,
}, async () => {
  const warnings: string[] = [];
  const onWarning = ({ message }: Error) => void warnings.push(message);
  process.on('warning', onWarning);
  const before = { sockets: resources(/TCPSocketWrap/), timers: resources(/Timeout/) };
  const gateway = await start({ limits: { resumeWindowMs: 400 } });
  const { node } = gateway.served;
  const bystanders = await Bystanders.start(gateway, 'room', ['grpc', 'ws-proto']);
  const flooder = await openLane('grpc', {
    url: gateway.url,
    token: await gateway.token({ identity: 'flooder' }),
  });
  await flooder.until('welcome');
  await flooder.join('flood');
  const resting = { ...figures(), sockets: gateway.served.gateway.openSockets };
  const token = await gateway.token({ identity: 'ghost' });
  const text = 'x'.repeat(16_000);

  let died = 0;
  for (let round = 0; round < 10; round++) {
    const connections = [0, 1].map(() => new PausedStreams(gateway.url));
    for (const connection of connections) await connection.open(50, token);
    died += 100;
    // 640 KB for each reader: ten times what it has left of its windows.
    for (let count = 0; count < 40; count++) {
      flooder.send({ case: 'message', value: { room: 'flood', content: { case: 'text', value: text } } });
    }
    await flooder.untilAcked();
    await bystanders.talk();
    // 32 MB wait for each connection; what has come is its roster and what fits into its windows.
    for (const { bytesRead } of connections) expect(bytesRead).toBeLessThan(4_000_000);
    const [resetting, dropping] = connections;
    resetting?.resetAll();
    dropping?.drop();
    await until(() => node.figures.connections === resting.connections);
    resetting?.drop();
  }
  expect(died).toBe(1000);
  await until(() => node.figures.sessions === resting.sessions);
  await until(() => gateway.served.gateway.openSockets === resting.sockets);
  expect(figures()).toEqual({
    connections: resting.connections,
    sessions: resting.sessions,
    attachedSessions: resting.attachedSessions,
    rooms: resting.rooms,
  });
  bystanders.check();
  expect(warnings).toEqual([]);

  bystanders.close();
  flooder.transport.drop();
  await Promise.all(gateways.splice(0).map((it) => it.close()));
  expect(figures()).toMatchObject({ connections: 0, sessions: 0, attachedSessions: 0, rooms: 0 });
  await until(() => resources(/TCPSocketWrap/) <= before.sockets);
  await until(() => resources(/Timeout/) <= before.timers + 1);
  process.off('warning', onWarning);

  function figures() {
    const { connections, sessions, attachedSessions, rooms } = node.figures;
    return { connections, sessions, attachedSessions, rooms };
  }
});

// connect-fastify builds a URL from :authority; where that throws, the answer was HTTP 200 with an empty body, which a
// client takes for success.
test.each(['a:b:c', 'host:99999', '[::1', 'a%zz'])(
  'a malformed :authority (%s) gets an error, whatever is called',
  async (authority) => {
    const gateway = await start();
    const session = connectHttp2(gateway.url);
    for (const path of [
      getRoom,
      '/signalbox.v1.SignalingService/SendFrames',
      '/signalbox.v1.SignalingService/Connect',
      '/healthz',
    ]) {
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        ':authority': authority,
        'content-type': 'application/grpc',
      });
      stream.on('error', () => {});
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      const isError = headers[':status'] !== 200 || Number(headers['grpc-status'] ?? 0) > 0;
      expect([path, isError]).toEqual([path, true]);
      stream.close(constants.NGHTTP2_CANCEL);
    }
    session.destroy();
  },
);

// The default message limit of Connect is 4 GiB: 292 KB of gzip became 1.6 GB of memory.
test('a gzip body that becomes 300 MB costs no memory, in a unary call, in SendFrames and on a stream', async () => {
  const gateway = await start();
  const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024), { level: 9 });
  expect(bomb.length).toBeLessThan(400_000);
  const peak = watchMemory();
  const headers = { authorization: `Bearer ${await goodToken()}`, 'content-encoding': 'gzip' };
  for (const path of [getRoom, '/signalbox.v1.SignalingService/SendFrames']) {
    const outcome = await callUnary({ url: gateway.url, path, protocol: 'connect', request: bomb, headers });
    expect(outcome.code).toBe('resource_exhausted');
  }
  const client = await openLane('grpc', {
    url: gateway.url,
    token: await goodToken(),
    headers: { 'grpc-encoding': 'gzip' },
  });
  await client.until('welcome');
  const { transport } = client as unknown as { transport: { raw(bytes: Uint8Array): void } };
  transport.raw(framed(bomb, 1));
  expect(await client.until('closed')).toMatchObject({ reason: Reason.TOO_LARGE, nextStep: NextStep.STOP });
  expect(peak()).toBeLessThan(64 * 1024 * 1024);
});

/** Growth of external memory and heap since the call, at its highest, in bytes. */
function watchMemory(): () => number {
  const used = () => process.memoryUsage().external + process.memoryUsage().heapUsed;
  const first = used();
  let highest = first;
  const timer = setInterval(() => {
    highest = Math.max(highest, used());
  }, 5);
  return () => {
    clearInterval(timer);
    return Math.max(highest, used()) - first;
  };
}

// fastify.close() waits for every handler: one that ignores its signal keeps the process for ever.
test('close() ends while streams of every lane are open, and tells each client to resume', async () => {
  const gateway = await startE2eGateway();
  const token = await gateway.token({ identity: 'ada' });
  const clients = await Promise.all(laneKinds.map((kind) => openLane(kind, { url: gateway.url, token })));
  await Promise.all(clients.map((client) => client.until('welcome')));
  const deaf = new PausedStreams(gateway.url);
  await deaf.open(10, token);
  const startedAt = performance.now();
  await gateway.close();
  expect(performance.now() - startedAt).toBeLessThan(6_000);
  for (const client of clients) {
    expect(await client.until('closed')).toMatchObject({
      reason: Reason.DRAINING,
      nextStep: NextStep.RESUME,
    });
    expect((await client.ended).code).toBe('unavailable');
  }
  deaf.drop();
});

// Neither TCP nor an HTTP/2 connection notices that the process at the other end has stopped: after 90 s it still
// counted as there. Ping frames of the gateway's own notice, on every lane.
describe('a peer that was stopped (SIGSTOP)', () => {
  test.each<readonly [LaneKind]>([['grpc'], ['connect-json'], ['ws-proto'], ['halves-connect']])(
    'over %s is AWAY after its pings go unanswered, and leaves when its window ends',
    async (kind) => {
      const gateway = await start({
        limits: { pingIntervalMs: 300, pongTimeoutMs: 300, resumeWindowMs: 1_000 },
      });
      const peer = await openLane('ws-proto', {
        url: gateway.url,
        token: await gateway.token({ identity: 'peer' }),
      });
      await peer.until('welcome');
      await peer.join('room');
      const script = join(import.meta.dirname, 'stopped-peer.ts');
      const token = await gateway.token({ identity: 'stopped' });
      const child = spawn(process.execPath, [script, gateway.url, token, kind, 'room'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      const [printed] = (await once(child.stdout, 'data')) as [Buffer];
      const id = printed.toString().trim();
      // It answers: two rounds of pings later it is still there.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      const news = () =>
        peer.frames.flatMap(({ body }) =>
          body.case === 'rosterDelta' ? [...body.value.updated, ...body.value.left] : [],
        );
      expect(news()).toEqual([]);
      child.kill('SIGSTOP');
      await peer.until(
        'rosterDelta',
        ({ updated }) => updated.some((it) => it.id === id && it.state === State.AWAY),
        4_000,
      );
      const { left } = await peer.until('rosterDelta', (delta) => delta.left.length > 0, 4_000);
      expect(left).toMatchObject([{ id, reason: Reason.LEASE_EXPIRED }]);
      peer.transport.drop();
      child.kill('SIGKILL');
      await until(() => gateway.served.node.figures.connections === 0);
    },
  );
});

// Fastify answers what it has no route for with its own JSON 404, which no rpc client understands.
test.each(['grpc', 'grpc-web', 'connect', 'connect-json'] as const)(
  'an unknown rpc over %s is UNIMPLEMENTED',
  async (protocol) => {
    const gateway = await start();
    for (const path of [
      '/signalbox.v1.SignalingService/Subscribe',
      '/signalbox.v9.SignalingService/Connect',
      '/chat.Chat/Say',
    ]) {
      const outcome = await callUnary({
        url: gateway.url,
        path,
        protocol,
        request: protocol === 'connect-json' ? '{}' : '',
      });
      expect(outcome).toMatchObject({ code: 'unimplemented', message: expect.stringContaining(path) });
    }
  },
);

// Node 26.3 and later: `for await` over an HTTP/2 stream whose data and end are buffered already fails with
// ERR_STREAM_PREMATURE_CLOSE (nodejs/node#65677). Connect's handlers read requests that way: here each body, and its end, is
// there before its handler runs.
test('requests that are whole before they are read are all answered', async () => {
  const gateway = await start();
  const bystanders = await Bystanders.start(gateway, 'room', ['grpc', 'grpc']);
  const session = connectHttp2(gateway.url);
  const authorization = `Bearer ${await goodToken()}`;
  const statuses = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': index % 3 === 0 ? '/signalbox.v1.SignalingService/SendFrames' : getRoom,
        'content-type': 'application/grpc',
        authorization,
      });
      stream.end(framed(lengthField(1, 'room')));
      const trailers = once(stream, 'trailers');
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      stream.resume();
      const status =
        headers['grpc-status'] ?? ((await trailers) as [Record<string, unknown>])[0]['grpc-status'];
      return `${index % 3 === 0 ? 'send' : 'get'} ${status}`;
    }),
  );
  // 16: the send key is none. 0: the room is found.
  expect(new Set(statuses)).toEqual(new Set(['send 16', 'get 0']));
  session.destroy();
  bystanders.close();
});

// At 18,000 connections with 20,000 descriptors accepts failed, and with them everything else that opens a file.
test('a process short of descriptors refuses connections before accepts fail, and recovers', {
  timeout: 60_000,
}, async () => {
  // All of them come from one address here, which else may hold half of the connections.
  const settings = join(await mkdtemp(join(tmpdir(), 'signalbox-')), 'config.json');
  await writeFile(settings, JSON.stringify({ portLimits: { addressShare: 1 } }));
  const serve = `src/main.ts serve --dev --port 0 --log-level warn --config ${settings}`;
  const command = `ulimit -n 400 && exec "${process.execPath}" ${serve}`;
  const child = spawn('sh', ['-c', command], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  await until(() => /Health +http\S+\s/.test(said));
  const url = new URL(/Health +(http\S+)/.exec(said)?.[1] ?? '');
  // 400 less 256 in reserve, nine tenths of it: 129.
  const sockets = Array.from({ length: 350 }, () => connectSocket(Number(url.port), '127.0.0.1'));
  const closed = new Set<Socket>();
  for (const socket of sockets) {
    socket.on('error', () => {});
    socket.on('close', () => closed.add(socket));
  }
  await until(() => closed.size === sockets.length - 129);
  // The log counts what was dropped, once a second.
  await until(() => /dropped/.test(said));
  expect(said).not.toMatch(/EMFILE/);
  for (const socket of sockets) socket.destroy();
  await expect
    .poll(
      () =>
        fetch(url).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 5_000 },
    )
    .toBe(200);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});
