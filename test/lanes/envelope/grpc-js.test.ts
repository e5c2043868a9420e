import { randomBytes } from 'node:crypto';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  EchoRequestSchema,
  type EchoResponse,
  EchoResponseSchema,
  EchoService,
} from '../../interop/gen/signalbox/test/v1/echo_pb.ts';
import { echoEndpoints, newSeen, type Seen } from './echo-service.ts';
import { serveHttp2, type TestServer, until } from './servers.ts';

type Init = MessageInitShape<typeof EchoRequestSchema>;
const path = (name: string) => `/${EchoService.typeName}/${name}`;
const encode = (init: Init) => Buffer.from(toBinary(EchoRequestSchema, create(EchoRequestSchema, init)));
const decode = (bytes: Buffer) => fromBinary(EchoResponseSchema, bytes);

describe('@grpc/grpc-js', () => {
  let seen: Seen;
  let server: TestServer;
  let endpoints: ReturnType<typeof echoEndpoints>;
  let client: grpc.Client;

  beforeEach(async () => {
    seen = newSeen();
    endpoints = echoEndpoints(seen, { compress: 'accepted' });
    server = await serveHttp2(endpoints);
    client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  });

  afterEach(async () => {
    client.close();
    await server.close();
    await until(() => [...endpoints.values()].every((one) => one.active === 0), 'calls are let go');
  });

  const bidi = (metadata = new grpc.Metadata(), options: grpc.CallOptions = {}) =>
    client.makeBidiStreamRequest(path('Bidi'), encode, decode, metadata, options);

  function collect(call: grpc.ClientReadableStream<EchoResponse>) {
    const messages: EchoResponse[] = [];
    let header: grpc.Metadata | undefined;
    call.on('metadata', (it) => {
      header = it;
    });
    call.on('data', (message) => messages.push(message));
    call.on('error', () => {});
    return new Promise<{
      messages: EchoResponse[];
      status: grpc.StatusObject;
      header: grpc.Metadata | undefined;
    }>((resolve) => call.on('status', (status) => resolve({ messages, status, header })));
  }

  it('makes unary calls, with the error details that a server sends', async () => {
    const call = (init: Init) =>
      new Promise<EchoResponse>((resolve, reject) =>
        client.makeUnaryRequest(path('Unary'), encode, decode, init, (error, answer) =>
          error === null && answer !== undefined ? resolve(answer) : reject(error),
        ),
      );
    expect((await call({ text: 'hé' })).text).toBe('hé');
    const error = (await call({ text: 'née', failCode: 6 }).catch((reason) => reason)) as grpc.ServiceError;
    expect(error.code).toBe(grpc.status.ALREADY_EXISTS);
    expect(error.details).toBe('née');
    expect(error.metadata.get('grpc-status-details-bin')).toHaveLength(1);
    expect(error.metadata.get('x-error')).toEqual(['yes']);
  });

  it('streams both ways, header, trailer and binary metadata with it', async () => {
    const metadata = new grpc.Metadata();
    metadata.set('x-header', 'h');
    metadata.set('x-trailer', 't');
    metadata.set('x-any-bin', Buffer.from([0, 255, 1]));
    const call = bidi(metadata);
    const result = collect(call);
    for (let index = 0; index < 50; index++)
      call.write({ text: `m${index}`, payload: new Uint8Array(index * 100) });
    call.end();
    const { messages, status, header } = await result;
    expect(messages.map((message) => message.text)).toEqual(
      Array.from({ length: 50 }, (_, index) => `m${index}`),
    );
    expect(status.code).toBe(grpc.status.OK);
    expect(status.metadata.get('x-trailer')).toEqual(['t']);
    expect(header?.get('x-header')).toEqual(['h']);
    expect(header?.get('x-any-bin')).toEqual([Buffer.from([0, 255, 1])]);
  });

  it('sums up a stream of requests', async () => {
    const answer = await new Promise<EchoResponse>((resolve, reject) => {
      const call = client.makeClientStreamRequest<Init, EchoResponse>(
        path('ClientStream'),
        encode,
        decode,
        (error, it) => (error === null && it !== undefined ? resolve(it) : reject(error)),
      );
      for (const size of [1, 2, 300_000]) call.write({ payload: new Uint8Array(size) });
      call.end();
    });
    expect([answer.index, answer.size]).toEqual([3, 300_003]);
  });

  it('streams 3 MB to a client through back-pressure', async () => {
    const call = client.makeServerStreamRequest<Init, EchoResponse>(path('ServerStream'), encode, decode, {
      payload: randomBytes(30_000),
      count: 100,
    });
    const { messages, status } = await collect(call);
    expect(status.code).toBe(grpc.status.OK);
    expect(messages).toHaveLength(100);
    expect(seen.drained.length).toBeGreaterThan(0);
  });

  it('compresses both ways', async () => {
    const compressed = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure(), {
      'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip,
    });
    const both = compressed.makeBidiStreamRequest(path('Bidi'), encode, decode);
    const result = collect(both);
    both.write({ payload: new Uint8Array(5000) });
    both.end();
    const { messages, status } = await result;
    expect(status.code).toBe(grpc.status.OK);
    expect(messages[0]?.payload.byteLength).toBe(5000);
    expect(seen.calls.at(-1)?.framing.name).toBe('envelope+gzip');
    compressed.close();
  });

  // A Node client that gives up half-closes before it resets, so its end may come as either.
  const over = () => seen.closed.length + seen.halfClosed.length === 1;

  it('sees its deadline as DEADLINE_EXCEEDED, and so does the handler', async () => {
    const call = bidi(new grpc.Metadata(), { deadline: Date.now() + 100 });
    expect((await collect(call)).status.code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await until(over, 'over');
  });

  it('cancels: the handler hears of it once', async () => {
    const call = bidi();
    const result = collect(call);
    call.write({ text: 'a' });
    await new Promise((resolve) => call.once('data', resolve));
    call.cancel();
    expect((await result).status.code).toBe(grpc.status.CANCELLED);
    await until(over, 'over');
  });

  it('drops its connection: the handler hears of it once', async () => {
    const call = bidi();
    const result = collect(call);
    call.write({ text: 'a' });
    await new Promise((resolve) => call.once('data', resolve));
    for (const session of server.sessions) session.socket.destroy();
    expect((await result).status.code).toBe(grpc.status.UNAVAILABLE);
    await until(() => seen.closed.length === 1, 'closed');
    expect(seen.closed).toEqual(['dropped']);
  });
});
