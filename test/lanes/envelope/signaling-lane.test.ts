import { create, toBinary, toJsonString } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { HelloSchema } from '../../../gen/signalbox/v1/session_pb.ts';
import {
  ConnectRequestSchema,
  ReceiveFramesRequestSchema,
  SignalingService,
} from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import type { Endpoint } from '../../../src/lanes/envelope/endpoint.ts';
import { signalingEndpoints } from '../../../src/lanes/envelope/signaling-endpoints.ts';
import { framed, RawClient } from './raw-client.ts';
import { ScriptedCore } from './scripted-core.ts';
import { serveHttp1, serveHttp2, type TestServer, until } from './servers.ts';

const connectPath = '/signalbox.v1.SignalingService/Connect';
const receivePath = '/signalbox.v1.SignalingService/ReceiveFrames';
const grpcHeaders = { 'content-type': 'application/grpc', te: 'trailers' };
const hello = (token: string) =>
  create(ClientFrameSchema, { body: { case: 'hello', value: { token } as never } });
const wire = (seq: number) =>
  toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { frame: create(ClientFrameSchema, { seq }) }));

let core: ScriptedCore;
let endpoints: ReadonlyMap<string, Endpoint>;
let server: TestServer;
let sessionManager: Http2SessionManager;

beforeEach(async () => {
  core = new ScriptedCore();
  endpoints = signalingEndpoints(
    { openLane: core.open, sendFrames: () => {} },
    { maxMessageBytes: 50_000, requestTimeoutMs: 300 },
  );
  server = await serveHttp2(endpoints);
  sessionManager = new Http2SessionManager(server.url);
});

afterEach(async () => {
  sessionManager.abort();
  await server.close();
  await until(() => [...endpoints.values()].every((one) => one.active === 0), 'calls are let go');
  for (const lane of core.lanes) expect(lane.closes.length).toBeLessThanOrEqual(1);
});

function clientOf(protocol: string, useBinaryFormat: boolean) {
  const options = { baseUrl: server.url, httpVersion: '2' as const, sessionManager, useBinaryFormat };
  const transport =
    protocol === 'grpc'
      ? createGrpcTransport(options)
      : protocol === 'grpc-web'
        ? createGrpcWebTransport(options)
        : createConnectTransport(options);
  return createClient(SignalingService, transport);
}

const ways = ['grpc', 'grpc-web', 'connect'].flatMap((protocol) =>
  [true, false].map((binary) => ({ protocol, binary, codec: binary ? 'binary' : 'JSON' })),
);

describe.each(ways)('$protocol with $codec', ({ protocol, binary }) => {
  it('carries frames both ways, and ends with the session’s status', async () => {
    core.onFrame = (lane, frame) => {
      if (frame.body.case === 'hello') lane.send(1, 2, 3);
      else lane.lane.end({ status: 'aborted', message: 'replaced' });
    };
    let release: (() => void) | undefined;
    async function* requests() {
      yield { frame: hello('t') };
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      yield { frame: create(ClientFrameSchema, { seq: 1 }) };
      await new Promise(() => {});
    }
    const seqs: number[] = [];
    const run = async () => {
      const headers = { authorization: 'Bearer abc.def', 'user-agent': 'me' };
      for await (const { frame } of clientOf(protocol, binary).connect(requests(), { headers })) {
        seqs.push(frame?.seq ?? 0);
        if (seqs.length === 3) release?.();
      }
    };
    const error = ConnectError.from(await run().catch((reason) => reason));
    expect(seqs).toEqual([1, 2, 3]);
    expect(error.code).toBe(Code.Aborted);
    expect(error.rawMessage).toBe('replaced');
    expect(core.lane.lane.transport).toBe(protocol);
    expect(core.lane.lane.peer).toMatchObject({ address: '127.0.0.1', bearerToken: 'abc.def' });
    expect(core.lane.closes).toEqual([]);
  });

  it('feeds a ReceiveFrames request to the session as frames, Hello first', async () => {
    core.verdicts.push(true, false, true, true);
    core.onFrame = (lane) => {
      if (lane.frames.length === 2) setImmediate(() => lane.lane.resume());
      if (lane.frames.length === 4) {
        lane.send(5);
        lane.lane.end({ status: 'ok', message: '' });
      }
    };
    const seqs: number[] = [];
    const request = create(ReceiveFramesRequestSchema, {
      hello: create(HelloSchema, { token: 'grüße' }),
      frames: [1, 2, 3].map((seq) => create(ClientFrameSchema, { seq })),
    });
    for await (const { frame } of clientOf(protocol, binary).receiveFrames(request))
      seqs.push(frame?.seq ?? 0);
    expect(seqs).toEqual([5]);
    const { frames } = core.lane;
    expect(frames[0]?.body.case === 'hello' && frames[0].body.value.token).toBe('grüße');
    expect(frames.map((frame) => frame.seq)).toEqual([0, 1, 2, 3]);
  });
});

describe('the lane of a Connect stream', () => {
  it('shares one framing between gRPC, gRPC-Web and Connect, of both methods', async () => {
    const client = new RawClient(server.url);
    for (const type of ['grpc', 'grpc-web', 'connect+proto']) {
      client.open(connectPath, { 'content-type': `application/${type}` }, [framed(wire(1))], false);
      client.open(receivePath, { 'content-type': `application/${type}` }, [framed(new Uint8Array(0))]);
    }
    await until(() => core.lanes.length === 6, 'six lanes');
    expect(new Set(core.lanes.map(({ lane }) => lane.framing)).size).toBe(1);
    client.close();
    await until(() => core.lanes.every(({ closes }) => closes.length === 1), 'all closed');
  });

  it('compresses for a session that asks for it, with one framing for all of them', async () => {
    const client = new RawClient(server.url);
    const headers = { ...grpcHeaders, 'grpc-accept-encoding': 'gzip', 'signalbox-compress': 'gzip' };
    for (let count = 0; count < 2; count++) client.open(connectPath, headers, [framed(wire(1))], false);
    await until(() => core.lanes.length === 2, 'two lanes');
    expect(core.lanes[0]?.lane.framing.kind).toBe('transcode');
    expect(core.lanes[0]?.lane.framing).toBe(core.lanes[1]?.lane.framing);
    client.close();
  });

  it('is detached by a half-close, which ends the stream', async () => {
    const client = new RawClient(server.url);
    const { answer } = client.open(connectPath, grpcHeaders, [framed(wire(1))]);
    expect((await answer).trailers['grpc-status']).toBe('0');
    expect(core.lane.closes).toEqual(['half-closed']);
    client.close();
  });

  it('is detached by a reset and by a deadline', async () => {
    const client = new RawClient(server.url);
    const { stream } = client.open(connectPath, grpcHeaders, [framed(wire(1))], false);
    await until(() => core.lanes.length === 1, 'open');
    stream.destroy();
    await until(() => core.lane.closes.length === 1, 'closed');
    const timed = client.open(connectPath, { ...grpcHeaders, 'grpc-timeout': '50m' }, [], false);
    expect((await timed.answer).trailers['grpc-status']).toBe('4');
    expect(core.lanes[1]?.closes).toEqual(['deadline']);
    client.close();
  });

  it.each([
    ['a truncated ConnectRequest', framed(new Uint8Array([0x0a, 5, 1]))],
    ['a frame given twice', framed(new Uint8Array([0x0a, 0, 0x0a, 0]))],
    ['a frame of the wrong wire type', framed(new Uint8Array([0x08, 1]))],
    ['a group', framed(new Uint8Array([0x0b, 0x0c]))],
  ])('reports %s as a violation, and what the core writes then arrives', async (_name, bytes) => {
    const client = new RawClient(server.url);
    const got = await client.open(connectPath, grpcHeaders, [framed(wire(1)), bytes, framed(wire(2))], false)
      .answer;
    expect(core.lane.violations).toMatchObject([{ reason: 'malformed' }]);
    expect(core.lane.frames).toHaveLength(1);
    expect(got.body.byteLength).toBeGreaterThan(0);
    expect(got.trailers['grpc-status']).toBe('3');
    client.close();
  });

  it('reports a frame over the limit as a violation', async () => {
    const client = new RawClient(server.url);
    const got = await client.open(connectPath, grpcHeaders, [framed(new Uint8Array(1), 0, 50_001)], false)
      .answer;
    expect(core.lane.violations).toMatchObject([{ reason: 'too-large' }]);
    expect(got.trailers['grpc-status']).toBe('8');
    client.close();
  });

  it('reports JSON that is none as a violation', async () => {
    const client = new RawClient(server.url);
    const headers = { 'content-type': 'application/connect+json' };
    const good = toJsonString(ConnectRequestSchema, create(ConnectRequestSchema, { frame: hello('x') }));
    const pieces = [framed(Buffer.from(good)), framed(Buffer.from('{"frame":{"seq":-1}}'))];
    await client.open(connectPath, headers, pieces, false).answer;
    expect(core.lane.violations).toMatchObject([{ reason: 'malformed' }]);
    client.close();
  });

  it('takes fields of a newer schema around the frame, and a request without one', async () => {
    const client = new RawClient(server.url);
    const newer = Buffer.concat([new Uint8Array([0x78, 1]), wire(7), new Uint8Array([0x82, 0x01, 1, 9])]);
    client.open(connectPath, grpcHeaders, [framed(newer), framed(new Uint8Array(0))], false);
    await until(() => core.lanes[0]?.frames.length === 2, 'two frames');
    expect(core.lane.frames.map(({ seq }) => seq)).toEqual([7, 0]);
    client.close();
  });

  it('hands the core a session that fails in it to nobody: the call ends, the lane is closed', async () => {
    core.onFrame = () => {
      throw new Error('a bug');
    };
    const client = new RawClient(server.url);
    const got = await client.open(connectPath, grpcHeaders, [framed(wire(1))], false).answer;
    expect(got.trailers['grpc-status']).toBe('13');
    expect(got.trailers['grpc-message']).toBe('internal%20error');
    expect(core.lane.closes).toEqual(['reset']);
    client.close();
  });

  it('says false when the client does not read, and drained once it does', async () => {
    const client = new RawClient(server.url);
    const { stream } = client.open(connectPath, grpcHeaders, [framed(wire(1))], false);
    stream.pause();
    await until(() => core.lanes.length === 1, 'open');
    let taken = 0;
    while (taken < 100_000 && core.lane.send(taken)) taken++;
    expect(taken).toBeLessThan(100_000);
    stream.resume();
    await until(() => core.lane.drains === 1, 'drained');
    client.close();
  });
});

describe('the lane of a ReceiveFrames call', () => {
  it.each([
    ['hello given twice', new Uint8Array([0x0a, 0, 0x0a, 0])],
    ['a truncated request', new Uint8Array([0x12, 9])],
  ])('reports %s as a violation', async (_name, bytes) => {
    const client = new RawClient(server.url);
    const got = await client.open(receivePath, grpcHeaders, [framed(bytes)]).answer;
    expect(core.lane.violations).toMatchObject([{ reason: 'malformed' }]);
    expect(got.trailers['grpc-status']).toBe('3');
    client.close();
  });

  it('outlives the time that its request may take to arrive', async () => {
    const client = new RawClient(server.url);
    client.open(receivePath, grpcHeaders, [framed(new Uint8Array([0x0a, 0]))]);
    await until(() => core.lanes.length === 1, 'open');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(core.lane.closes).toEqual([]);
    expect(endpoints.get(receivePath)?.active).toBe(1);
    client.close();
  });

  it('opens no session for a request that does not arrive whole', async () => {
    const client = new RawClient(server.url);
    const got = await client.open(receivePath, grpcHeaders, [framed(new Uint8Array(9)).subarray(0, 6)], false)
      .answer;
    expect(got.trailers['grpc-status']).toBe('4');
    expect(core.lanes).toHaveLength(0);
    client.close();
  });

  it('streams over HTTP/1.1 too, and hears of a dropped socket', async () => {
    const http1 = await serveHttp1(endpoints);
    const abort = new AbortController();
    core.onFrame = (lane) => lane.send(1);
    const response = await fetch(http1.url + receivePath, {
      method: 'POST',
      headers: { 'content-type': 'application/connect+proto' },
      body: framed(new Uint8Array([0x0a, 0])) as Uint8Array<ArrayBuffer>,
      signal: abort.signal,
    });
    const first = await response.body?.getReader().read();
    expect(first?.value?.byteLength).toBeGreaterThan(5);
    abort.abort();
    await until(() => core.lane.closes.length === 1, 'closed');
    expect(core.lane.closes).toEqual(['dropped']);
    await http1.close();
  });
});
