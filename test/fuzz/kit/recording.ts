import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { type LaneKind, laneKinds, openLane } from '../../helpers/lane-clients.ts';
import { callUnary, unaryProtocols } from '../../helpers/unary-call.ts';
import { lastingToken } from './fuzzed-gateway.ts';

/** What one client sent over its connections, in the pieces in which it came. */
export interface Recording {
  readonly kind: LaneKind | 'classic' | 'unary';
  readonly connections: readonly (readonly Uint8Array[])[];
}

/** Has real clients of every lane talk to the gateway, and keeps what they sent. */
export async function recordTraffic(url: string): Promise<Recording[]> {
  const target = Number(new URL(url).port);
  let connections: Uint8Array[][] = [];
  const open = new Set<Socket>();
  const proxy = createServer((client) => {
    const sent: Uint8Array[] = [];
    connections.push(sent);
    const server = connect(target, '127.0.0.1');
    client.on('data', (chunk: Buffer) => {
      sent.push(new Uint8Array(chunk));
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => client.write(chunk));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      open.add(one);
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const proxied = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const recordings: Recording[] = [];
  const record = async (kind: Recording['kind'], play: () => Promise<void>): Promise<void> => {
    connections = [];
    await play();
    recordings.push({ kind, connections });
  };
  for (const kind of laneKinds) await record(kind, () => playLane(kind, proxied));
  await record('classic', () => playClassic(proxied));
  await record('unary', () => playUnary(proxied));
  proxy.close();
  for (const socket of open) socket.destroy();
  return recordings;
}

async function playLane(kind: LaneKind, url: string): Promise<void> {
  const client = await openLane(kind, { url, token: await lastingToken('fuzzer') });
  await client.until('welcome');
  await client.join('fuzzed');
  const text = { case: 'text' as const, value: 'hello' };
  client.send({ case: 'message', value: { room: 'fuzzed', messageType: 'chat', content: text } });
  client.send({ case: 'updateParticipant', value: { room: 'fuzzed', setAttributes: { a: '1' } } });
  client.send({ case: 'ping', value: { id: 7 } });
  await client.until('pong');
  await client.untilAcked();
  client.send({ case: 'leave', value: { room: 'fuzzed' } });
  await client.untilAcked();
  client.transport.drop();
}

async function playClassic(url: string): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws?room=fuzzed`);
  await once(socket, 'open');
  const token = await lastingToken('page');
  for (const message of [
    { type: 'register', data: { id: 'page', token } },
    { type: 'ping' },
    { type: 'offer', to: 'nobody', data: { type: 'offer', sdp: 'v=0\r\n' } },
    { type: 'chat', data: 'hello' },
    { type: 'leave' },
  ]) {
    const answered = once(socket, 'message');
    socket.send(JSON.stringify(message));
    if (message.type !== 'chat') await answered;
  }
  socket.terminate();
}

async function playUnary(url: string): Promise<void> {
  const authorization = `Bearer ${await lastingToken('backend', { adm: true })}`;
  for (const protocol of unaryProtocols) {
    const request =
      protocol === 'connect-json' ? '{"name":"fuzzed"}' : Uint8Array.of(10, 6, ...Buffer.from('fuzzed'));
    const path = '/signalbox.v1.RoomService/CreateRoom';
    await callUnary({ url, path, protocol, request, headers: { authorization } });
  }
}
