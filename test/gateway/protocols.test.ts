import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { Client, credentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import {
  GetRoomRequestSchema,
  GetRoomResponseSchema,
  RoomService,
} from '../../gen/signalbox/v1/room_service_pb.ts';
import { gateway, rawPeer } from './harness.ts';
import { http2Request, http2Session } from './http2-client.ts';
import { rooms } from './rooms.ts';

const GET_ROOM = '/signalbox.v1.RoomService/GetRoom';
const run = promisify(execFile);

async function curl(...args: string[]): Promise<string> {
  const { stdout } = await run('curl', ['-sS', '-m', '5', '-i', ...args]);
  return stdout;
}

function grpcUnary(
  target: string,
  path: string,
  request: Uint8Array,
): Promise<{ response: Uint8Array | undefined; error: ServiceError | null; initial: Metadata | undefined }> {
  const client = new Client(target, credentials.createInsecure());
  return new Promise((resolve) => {
    let initial: Metadata | undefined;
    client
      .makeUnaryRequest(
        path,
        (value: Uint8Array) => Buffer.from(value),
        (bytes: Buffer) => new Uint8Array(bytes),
        request,
        { deadline: Date.now() + 5_000 } as never,
        (error: ServiceError | null, response?: Uint8Array) => {
          client.close();
          resolve({ response, error, initial });
        },
      )
      .on('metadata', (metadata) => {
        initial = metadata;
      });
  });
}

describe('one port serves every client', () => {
  test('grpc-js calls a unary method over clear-text HTTP/2', async () => {
    const { port } = await gateway({ routes: rooms });
    const request = toBinary(GetRoomRequestSchema, create(GetRoomRequestSchema, { name: 'lobby' }));
    const { response, error } = await grpcUnary(`127.0.0.1:${port}`, GET_ROOM, request);
    expect(error).toBeNull();
    expect(fromBinary(GetRoomResponseSchema, response ?? new Uint8Array()).room?.name).toBe('lobby');
  });

  test('grpc-js gets the code and message of an error from the trailers', async () => {
    const { port } = await gateway({ routes: rooms });
    const request = toBinary(GetRoomRequestSchema, create(GetRoomRequestSchema, { name: 'absent' }));
    const { error } = await grpcUnary(`127.0.0.1:${port}`, GET_ROOM, request);
    expect(error).toMatchObject({ code: Code.NotFound, details: 'no such room' });
  });

  test.each<[string, (baseUrl: string) => Transport]>([
    ['gRPC over HTTP/2', (baseUrl) => createGrpcTransport({ baseUrl })],
    ['gRPC-Web over HTTP/1.1', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
    ['gRPC-Web over HTTP/2', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '2' })],
    ['Connect over HTTP/1.1', (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
    ['Connect over HTTP/2', (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2' })],
    [
      'Connect by GET',
      (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useHttpGet: true }),
    ],
    [
      'Connect with JSON',
      (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: false }),
    ],
  ])('connect-node calls it with %s', async (_name, transport) => {
    const { url } = await gateway({ routes: rooms });
    const client = createClient(RoomService, transport(url));
    await expect(client.getRoom({ name: 'lobby' })).resolves.toMatchObject({ room: { name: 'lobby' } });
    await expect(client.getRoom({ name: 'absent' })).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: 'no such room',
    });
  });

  test('curl calls it with JSON by POST and by GET, over HTTP/1.1 and HTTP/2', async () => {
    const { url } = await gateway({ routes: rooms });
    const post = ['-H', 'content-type: application/json', '-d', '{"name":"lobby"}', url + GET_ROOM];
    const get = [
      '-G',
      '--data-urlencode',
      'encoding=json',
      '--data-urlencode',
      'message={"name":"lobby"}',
      url + GET_ROOM,
    ];
    for (const args of [post, get, ['--http2', ...post], ['--http2-prior-knowledge', ...post]]) {
      const answer = await curl(...args);
      expect(answer).toMatch(/^HTTP\/(?:1\.1|2) 200/);
      expect(answer).toContain('{"room":{"name":"lobby"}}');
    }
  });

  test('what a handler throws by accident is logged and never sent', async () => {
    const { url } = await gateway({ routes: rooms });
    const client = createClient(RoomService, createConnectTransport({ baseUrl: url, httpVersion: '1.1' }));
    const error = await client
      .getRoom({ name: 'crash' })
      .catch((reason: unknown) => ConnectError.from(reason));
    expect(error).toMatchObject({ code: Code.Internal, rawMessage: 'internal error' });
  });
});

describe('what cannot be served is refused in the protocol of its caller', () => {
  const unknown = '/signalbox.v1.RoomService/Missing';

  test('an unknown rpc over gRPC is UNIMPLEMENTED with HTTP 200', async () => {
    const { port, url } = await gateway({ routes: rooms });
    const { error } = await grpcUnary(`127.0.0.1:${port}`, unknown, new Uint8Array());
    expect(error).toMatchObject({ code: Code.Unimplemented, details: `the gateway has no rpc ${unknown}` });
    const raw = await http2Request(http2Session(url), {
      ':method': 'POST',
      ':path': unknown,
      'content-type': 'application/grpc',
    });
    expect(raw.status).toBe(200);
    expect(raw.headers['grpc-status']).toBe('12');
  });

  test.each<[string, (baseUrl: string) => Transport]>([
    ['gRPC-Web', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
    ['Connect', (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
    ['Connect over HTTP/2', (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2' })],
  ])('an rpc without a service over %s is unimplemented, with a message', async (_name, transport) => {
    const { url } = await gateway();
    const error = await createClient(RoomService, transport(url))
      .getRoom({})
      .catch((reason: unknown) => ConnectError.from(reason));
    expect(error).toMatchObject({
      code: Code.Unimplemented,
      rawMessage: `the gateway has no rpc ${GET_ROOM}`,
    });
  });

  test('an unknown rpc over a Connect stream gets an end message with the error', async () => {
    const { url } = await gateway();
    const answer = await fetch(url + unknown, {
      method: 'POST',
      headers: { 'content-type': 'application/connect+json' },
    });
    expect(answer.status).toBe(200);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect(bytes[0]).toBe(2);
    expect(JSON.parse(Buffer.from(bytes.subarray(5)).toString())).toMatchObject({
      error: { code: 'unimplemented' },
    });
  });

  test('a browser gets a short page, a program JSON', async () => {
    const { url } = await gateway();
    const page = await fetch(`${url}/<script>`, { headers: { accept: 'text/html,*/*' } });
    expect(page.status).toBe(404);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).not.toContain('<script>');
    const json = await fetch(`${url}/missing`);
    expect(json.status).toBe(404);
    expect(await json.json()).toEqual({ code: 'not_found', message: 'nothing is served at /missing' });
  });

  test('a wrong method is 405 and names the right ones', async () => {
    const { url } = await gateway({ routes: rooms });
    const rpc = await fetch(url + GET_ROOM, { method: 'DELETE' });
    expect(rpc.status).toBe(405);
    expect(rpc.headers.get('allow')).toBe('POST, GET');
    expect(await rpc.json()).toMatchObject({
      message: `DELETE is not allowed for ${GET_ROOM}; use POST, GET`,
    });
    const health = await fetch(`${url}/healthz`, { method: 'POST' });
    expect([health.status, health.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('a wrong content type is 415 and names the right ones', async () => {
    const { url } = await gateway({ routes: rooms });
    const answer = await fetch(url + GET_ROOM, { method: 'POST', body: 'name: lobby' });
    expect(answer.status).toBe(415);
    expect(answer.headers.get('accept-post')).toContain('application/json');
    expect(await answer.json()).toMatchObject({ message: expect.stringContaining('text/plain') });
  });

  test('a message beyond the limit is refused, announced or not, compressed or not', async () => {
    const { url } = await gateway({ routes: rooms, limits: { messageBytes: 10_000 } });
    const large = { name: 'x'.repeat(20_000) };
    for (const transport of [
      createGrpcTransport({ baseUrl: url }),
      createGrpcTransport({ baseUrl: url, compressMinBytes: 1, sendCompression: compressionGzip }),
      createGrpcWebTransport({ baseUrl: url, httpVersion: '2' }),
      createConnectTransport({ baseUrl: url, httpVersion: '1.1' }),
      createConnectTransport({ baseUrl: url, httpVersion: '2' }),
    ]) {
      await expect(createClient(RoomService, transport).createRoom(large)).rejects.toMatchObject({
        code: Code.ResourceExhausted,
      });
    }
  });

  test.each(['a:b:c', 'host:99999', '[::1', 'a%zz'])(
    'an authority of %j is refused with a message, not answered 200',
    async (authority) => {
      const { url } = await gateway({ routes: rooms });
      const session = http2Session(url);
      const fields = { ':method': 'POST', ':path': GET_ROOM, ':authority': authority };
      const connect = await http2Request(session, { ...fields, 'content-type': 'application/json' }, '{}');
      expect(connect.status).toBe(400);
      expect(JSON.parse(connect.body.toString())).toMatchObject({ code: 'invalid_argument' });
      const grpc = await http2Request(session, { ...fields, 'content-type': 'application/grpc' });
      expect([grpc.status, grpc.headers['grpc-status']]).toEqual([200, '3']);
    },
  );

  test.each(['user@host', 'host/path', 'a:b:c', 'a b'])(
    'a Host of %j is refused over HTTP/1.1',
    async (host) => {
      const { port } = await gateway({ routes: rooms });
      const peer = await rawPeer(port, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(await peer.closed).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  test('a path that cannot be decoded is refused with a message', async () => {
    const { url } = await gateway();
    const answer = await http2Request(http2Session(url), { ':path': '/%ff%zz' });
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain('the path is malformed');
  });
});
