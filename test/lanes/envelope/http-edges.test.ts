import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EchoRequestSchema, EchoService } from '../../interop/gen/signalbox/test/v1/echo_pb.ts';
import { echoEndpoints, newSeen, type Seen } from './echo-service.ts';
import { envelopes, framed, NGHTTP2_NO_ERROR, RawClient } from './raw-client.ts';
import { serveHttp1, serveHttp2, type TestServer, until } from './servers.ts';

const path = (name: string) => `/${EchoService.typeName}/${name}`;
const request = (init: Parameters<typeof create<typeof EchoRequestSchema>>[1] = {}) =>
  toBinary(EchoRequestSchema, create(EchoRequestSchema, init));
const grpc = { 'content-type': 'application/grpc', te: 'trailers' };
const web = { 'content-type': 'application/grpc-web+proto' };
const connect = { 'content-type': 'application/connect+proto' };

/** The status that an answer carries, wherever its protocol puts it. */
function status(answer: { trailers: Record<string, unknown>; body: Buffer }): string {
  const inTrailers = answer.trailers['grpc-status'];
  if (inTrailers !== undefined) return String(inTrailers);
  const last = envelopes(answer.body).at(-1);
  if (last?.flags === 0x80) return /grpc-status: (\d+)/.exec(last.message.toString())?.[1] ?? '?';
  const end = JSON.parse(last?.message.toString() ?? '{}');
  return end.error?.code ?? '0';
}

describe('over a raw HTTP/2 stream', () => {
  let seen: Seen;
  let server: TestServer;
  let client: RawClient;
  let endpoints: ReturnType<typeof echoEndpoints>;

  beforeEach(async () => {
    seen = newSeen();
    endpoints = echoEndpoints(seen, { maxMessageBytes: 100_000, requestTimeoutMs: 300, lingerMs: 400 });
    server = await serveHttp2(endpoints, {
      responseHeaders: {
        'access-control-allow-origin': 'https://a.example',
        connection: 'close',
        'x bad': '1',
      },
    });
    client = new RawClient(server.url);
  });

  afterEach(async () => {
    client.close();
    await server.close();
    await until(() => [...endpoints.values()].every((one) => one.active === 0), 'calls are let go');
  });

  it('answers a wrong content type with 415 and says which are right', async () => {
    const { answer } = client.open(path('Bidi'), { 'content-type': 'text/plain' });
    const { headers } = await answer;
    expect(headers[':status']).toBe(415);
    expect(headers['accept-post']).toContain('application/connect+proto');
    expect(headers['access-control-allow-origin']).toBe('https://a.example');
  });

  it.each([
    ['Bidi', 'application/proto'],
    ['Bidi', 'application/grpc-web-text'],
    ['Unary', 'application/connect+proto'],
    ['Unary', 'application/grpcx'],
  ])('answers %s with content type %s by 415', async (name, type) => {
    const { answer } = client.open(path(name), { 'content-type': type });
    expect((await answer).headers[':status']).toBe(415);
  });

  it('answers a wrong HTTP method with 405 and says which is right', async () => {
    const { answer } = client.open(path('Unary'), { ':method': 'GET', 'content-type': 'application/proto' });
    const { headers } = await answer;
    expect(headers[':status']).toBe(405);
    expect(headers.allow).toBe('POST');
  });

  it.each([
    ['gRPC', grpc],
    ['gRPC-Web', web],
    ['Connect', connect],
  ])('adds the gateway’s own fields to responses of %s', async (_name, headers) => {
    const { answer } = client.open(path('ServerStream'), headers, [framed(request({ count: 1 }))]);
    const got = await answer;
    expect(got.headers['access-control-allow-origin']).toBe('https://a.example');
    expect(got.headers).not.toHaveProperty('connection');
    expect(status(got)).toBe('0');
  });

  it('does not care about a malformed :authority', async () => {
    const { answer } = client.open(path('ServerStream'), { ...grpc, ':authority': 'a:99999' }, [
      framed(request({ count: 1 })),
    ]);
    const got = await answer;
    expect(got.headers[':status']).toBe(200);
    expect(got.trailers['grpc-status']).toBe('0');
    expect(envelopes(got.body)).toHaveLength(1);
  });

  it('sends header fields and trailers apart, even for an error before the first message', async () => {
    const { answer } = client.open(path('ServerStream'), grpc, [framed(request({ failCode: 5, text: 'ä' }))]);
    const got = await answer;
    expect(got.headers[':status']).toBe(200);
    expect(got.headers).not.toHaveProperty('grpc-status');
    expect(got.trailers['grpc-status']).toBe('5');
    expect(got.trailers['grpc-message']).toBe('%C3%A4');
    expect(got.trailers).toHaveProperty('grpc-status-details-bin');
  });

  it.each([
    ['gRPC', grpc, '8'],
    ['gRPC-Web', web, '8'],
    ['Connect', connect, 'resource_exhausted'],
  ])('refuses a too long %s message by its prefix, before the rest arrives', async (_name, headers, code) => {
    const { answer } = client.open(path('Bidi'), headers, [framed(new Uint8Array(1), 0, 100_001)], false);
    expect(status(await answer)).toBe(code);
  });

  it('tells a client that is still sending to stop, without an error', async () => {
    const { answer } = client.open(path('Bidi'), grpc, [framed(request({ failCode: 9 }))], false);
    const got = await answer;
    expect(got.trailers['grpc-status']).toBe('9');
    expect(got.rstCode).toBe(NGHTTP2_NO_ERROR);
  });

  it('stops inflating at the limit', async () => {
    const bomb = gzipSync(new Uint8Array(50_000_000));
    const { answer } = client.open(path('Bidi'), { ...grpc, 'grpc-encoding': 'gzip' }, [framed(bomb, 1)]);
    expect(status(await answer)).toBe('8');
  });

  it('takes compressed messages and plain ones in one stream', async () => {
    const { answer } = client.open(path('Bidi'), { ...grpc, 'grpc-encoding': 'gzip' }, [
      framed(gzipSync(request({ text: 'a' })), 1),
      framed(request({ text: 'b' })),
    ]);
    const got = await answer;
    expect(status(got)).toBe('0');
    expect(envelopes(got.body)).toHaveLength(2);
  });

  it('sends compressed only to a caller that asks for it, and only from 1 KiB', async () => {
    const ask = { ...grpc, 'grpc-accept-encoding': 'identity, gzip' };
    const big = request({ payload: new Uint8Array(2000), count: 1 });
    const small = request({ payload: new Uint8Array(200), count: 1 });
    const flags = async (headers: Record<string, string>, body: Uint8Array) => {
      const got = await client.open(path('ServerStream'), headers, [framed(body)]).answer;
      return envelopes(got.body)[0]?.flags;
    };
    expect(await flags(ask, big)).toBe(0);
    expect(await flags({ ...ask, 'signalbox-compress': 'gzip' }, big)).toBe(1);
    expect(await flags({ ...ask, 'signalbox-compress': 'gzip' }, small)).toBe(0);
    expect(await flags({ ...grpc, 'grpc-accept-encoding': 'br', 'signalbox-compress': 'gzip' }, big)).toBe(0);
  });

  it.each([
    ['gRPC', grpc, 'grpc-encoding', '12'],
    ['Connect', connect, 'connect-content-encoding', 'unimplemented'],
  ])('refuses an unknown compression of %s and lists what it knows', async (_name, headers, field, code) => {
    const { answer } = client.open(path('Bidi'), { ...headers, [field]: 'br' }, [framed(request())]);
    const got = await answer;
    expect(status(got)).toBe(code);
    const where = decodeURIComponent(JSON.stringify(got.trailers)) + got.body.toString();
    expect(where).toContain('supported encodings are gzip');
    expect(
      got.headers[field.replace('encoding', 'accept-encoding').replace('content-accept', 'accept')],
    ).toBe('gzip');
  });

  it.each([
    ['compressed without an encoding', [framed(gzipSync('x'), 1)], '13'],
    ['with unknown flags', [framed(request(), 4)], '3'],
    ['cut off', [framed(request({ text: 'abc' })).subarray(0, 7)], '3'],
    ['cut off in its prefix', [Buffer.from([0, 0])], '3'],
  ])('refuses a message that is %s', async (_name, pieces, code) => {
    expect(status(await client.open(path('Bidi'), grpc, pieces).answer)).toBe(code);
  });

  it('refuses two messages, or none, where the method takes one', async () => {
    const two = [framed(request({ count: 1 })), framed(request({ count: 1 }))];
    expect(status(await client.open(path('ServerStream'), grpc, two).answer)).toBe('12');
    expect(status(await client.open(path('ServerStream'), grpc, []).answer)).toBe('12');
    expect(status(await client.open(path('Unary'), grpc, two).answer)).toBe('12');
  });

  it('skips the end-of-stream envelope of a Connect client', async () => {
    const { answer } = client.open(path('Bidi'), connect, [
      framed(request({ text: 'a' })),
      framed(Buffer.from('{}'), 2),
    ]);
    const got = await answer;
    expect(status(got)).toBe('0');
    expect(envelopes(got.body)).toHaveLength(2);
  });

  it.each([
    ['gRPC', grpc, 'grpc-timeout', '5y', '3'],
    ['Connect', connect, 'connect-timeout-ms', '-1', 'invalid_argument'],
  ])('refuses a timeout of %s that is none', async (_name, headers, field, value, code) => {
    const { answer } = client.open(path('Bidi'), { ...headers, [field]: value }, [framed(request())]);
    expect(status(await answer)).toBe(code);
  });

  it('ends a call at its deadline and tells the handler once', async () => {
    const { answer } = client.open(path('Bidi'), { ...grpc, 'grpc-timeout': '80m' }, [], false);
    expect(status(await answer)).toBe('4');
    expect(seen.closed).toEqual(['deadline']);
  });

  it('ends a request of one message that does not arrive in time', async () => {
    const { answer } = client.open(path('ServerStream'), grpc, [framed(request()).subarray(0, 3)], false);
    expect(status(await answer)).toBe('4');
    const unary = client.open(
      path('Unary'),
      { 'content-type': 'application/proto' },
      [new Uint8Array(1)],
      false,
    );
    expect((await unary.answer).headers[':status']).toBe(504);
  });

  it('reads a message whatever the pieces that it comes in', async () => {
    const message = framed(request({ text: 'grüße', payload: new Uint8Array(40) }));
    const { stream, answer } = client.open(path('Bidi'), grpc, [], false);
    for (let round = 0; round < 2; round++) {
      for (const byte of message) {
        stream.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    stream.end();
    expect(envelopes((await answer).body)).toHaveLength(2);
  });

  it('answers a Connect unary call without reading a body that is too long', async () => {
    const headers = { 'content-type': 'application/proto', 'content-length': '100001' };
    const got = await client.open(path('Unary'), headers, [new Uint8Array(10)], false).answer;
    expect(got.headers[':status']).toBe(429);
    expect(JSON.parse(got.body.toString()).code).toBe('resource_exhausted');
  });

  it('counts the bytes of a Connect unary body that declares no length', async () => {
    const pieces = new Array(11).fill(new Uint8Array(10_000));
    const got = await client.open(path('Unary'), { 'content-type': 'application/proto' }, pieces, false)
      .answer;
    expect(got.headers[':status']).toBe(429);
  });
});

describe('over HTTP/1.1', () => {
  let server: TestServer;
  let seen: Seen;
  let endpoints: ReturnType<typeof echoEndpoints>;

  beforeEach(async () => {
    seen = newSeen();
    endpoints = echoEndpoints(seen, { maxMessageBytes: 100_000, requestTimeoutMs: 300, lingerMs: 400 });
    server = await serveHttp1(endpoints);
  });

  afterEach(async () => {
    await server.close();
    await until(() => [...endpoints.values()].every((one) => one.active === 0), 'calls are let go');
  });

  const post = (name: string, type: string, body: BodyInit = '') =>
    fetch(server.url + path(name), { method: 'POST', headers: { 'content-type': type }, body });

  it('refuses gRPC, which needs trailers, with 505', async () => {
    expect((await post('Unary', 'application/grpc')).status).toBe(505);
  });

  it('answers 415 and 405', async () => {
    expect((await post('Unary', 'text/plain')).status).toBe(415);
    expect((await fetch(server.url + path('Unary'))).status).toBe(405);
  });

  it('answers plain JSON, as curl sends it', async () => {
    const answer = await post('Unary', 'application/json', '{"text":"hi","unknownField":1}');
    expect(await answer.json()).toEqual({ text: 'hi' });
    const wrong = await post('Unary', 'application/json', '{"text":5}');
    expect(wrong.status).toBe(400);
    expect((await wrong.json()).code).toBe('invalid_argument');
  });

  it('reports a dropped socket once', async () => {
    const abort = new AbortController();
    const call = fetch(server.url + path('ServerStream'), {
      method: 'POST',
      headers: { 'content-type': 'application/connect+proto' },
      body: framed(request({ text: 'hang' })) as Uint8Array<ArrayBuffer>,
      signal: abort.signal,
    }).catch(() => {});
    await until(() => seen.halfClosed.length === 1, 'begun');
    abort.abort();
    await call;
    await until(() => seen.closed.length === 1, 'closed');
    expect(seen.closed).toEqual(['dropped']);
  });

  it('answers an unknown rpc in the caller’s protocol', async () => {
    const json = await fetch(`${server.url}/x.Y/Z?a=1`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(json.status).toBe(404);
    expect(await json.json()).toEqual({ code: 'unimplemented', message: 'unknown rpc /x.Y/Z' });
    const streaming = await fetch(`${server.url}/x.Y/Z`, {
      method: 'POST',
      headers: { 'content-type': 'application/connect+json' },
      body: '',
    });
    expect(streaming.status).toBe(200);
    const end = envelopes(new Uint8Array(await streaming.arrayBuffer()))[0];
    expect(JSON.parse(end?.message.toString() ?? '').error.code).toBe('unimplemented');
    expect((await fetch(`${server.url}/x.Y/Z`)).status).toBe(404);
  });
});

describe('where there is no such rpc', () => {
  it('answers an unknown rpc in the caller’s protocol', async () => {
    const server = await serveHttp2(new Map());
    const client = new RawClient(server.url);
    const got = await client.open('/x.Y/Z', grpc, [framed(new Uint8Array(0))]).answer;
    expect(got.headers[':status']).toBe(200);
    expect(got.trailers['grpc-status']).toBe('12');
    const fromWeb = await client.open('/x.Y/Z', web, []).answer;
    expect(status(fromWeb)).toBe('12');
    client.close();
    await server.close();
  });
});
