import { create, createRegistry } from '@bufbuild/protobuf';
import { anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient, encodeBinaryHeader, type Transport } from '@connectrpc/connect';
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EchoRequestSchema, EchoService } from '../../interop/gen/signalbox/test/v1/echo_pb.ts';
import { echoEndpoints, newSeen, type Seen } from './echo-service.ts';
import { serveHttp1, serveHttp2, type TestServer, until } from './servers.ts';

const registry = createRegistry(EchoRequestSchema);

interface Way {
  readonly name: string;
  readonly http: '1.1' | '2';
  readonly protocol: 'grpc' | 'grpc-web' | 'connect';
  readonly json: boolean;
  readonly gzip: boolean;
}

const ways: Way[] = [];
for (const http of ['1.1', '2'] as const) {
  for (const protocol of ['grpc', 'grpc-web', 'connect'] as const) {
    if (http === '1.1' && protocol === 'grpc') continue;
    for (const json of [false, true]) {
      for (const gzip of [false, true]) {
        const name = `${protocol} over HTTP/${http}, ${json ? 'JSON' : 'binary'}${gzip ? ', gzip' : ''}`;
        ways.push({ name, http, protocol, json, gzip });
      }
    }
  }
}

describe.each(ways)('$name', (way) => {
  let seen: Seen;
  let server: TestServer;
  let endpoints: ReturnType<typeof echoEndpoints>;
  let sessionManager: Http2SessionManager;
  let client: ReturnType<typeof createClient<typeof EchoService>>;

  beforeEach(async () => {
    seen = newSeen();
    endpoints = echoEndpoints(seen, { registry, compress: 'accepted' });
    server = way.http === '1.1' ? await serveHttp1(endpoints) : await serveHttp2(endpoints);
    sessionManager = new Http2SessionManager(server.url);
    client = createClient(EchoService, transport());
  });

  afterEach(async () => {
    sessionManager.abort();
    await server.close();
    await until(() => [...endpoints.values()].every((one) => one.active === 0), 'calls are let go');
  });

  function transport(): Transport {
    const options = {
      baseUrl: server.url,
      useBinaryFormat: !way.json,
      jsonOptions: { registry },
      acceptCompression: way.gzip ? [compressionGzip] : [],
      sendCompression: way.gzip ? compressionGzip : null,
      compressMinBytes: 1,
    };
    const common = {
      ...options,
      sendCompression: way.gzip ? compressionGzip : undefined,
    } as object as typeof options;
    const http =
      way.http === '1.1'
        ? ({ httpVersion: '1.1' } as const)
        : ({ httpVersion: '2', sessionManager } as const);
    if (way.protocol === 'grpc') return createGrpcTransport({ ...common, ...http } as never);
    if (way.protocol === 'grpc-web') return createGrpcWebTransport({ ...common, ...http } as never);
    return createConnectTransport({ ...common, ...http } as never);
  }

  it('answers a unary call, with Any and with details of an error', async () => {
    const any = anyPack(EchoRequestSchema, create(EchoRequestSchema, { text: 'inside' }));
    const answer = await client.unary({ text: 'grüße', payload: new Uint8Array(3000), any });
    expect(answer.text).toBe('grüße');
    expect(answer.size).toBe(3000);
    expect(answer.any && anyUnpack(answer.any, EchoRequestSchema)?.text).toBe('inside');
    const error = ConnectError.from(
      await client.unary({ text: 'nö', failCode: Code.NotFound }).catch((reason) => reason),
    );
    expect(error.code).toBe(Code.NotFound);
    expect(error.rawMessage).toBe('nö');
    expect(error.findDetails(EchoRequestSchema)[0]?.count).toBe(7);
    expect(error.metadata.get('x-error')).toBe('yes');
  });

  it('streams answers to one request, header and trailer with them', async () => {
    let header: Headers | undefined;
    let trailer: Headers | undefined;
    const sizes: number[] = [];
    for await (const answer of client.serverStream(
      { payload: new Uint8Array(2000).fill(7), count: 60 },
      {
        headers: {
          'x-header': 'h',
          'x-trailer': 't',
          'x-any-bin': encodeBinaryHeader(new Uint8Array([0, 255, 1])),
        },
        onHeader: (it) => {
          header = it;
        },
        onTrailer: (it) => {
          trailer = it;
        },
      },
    )) {
      sizes.push(answer.size);
    }
    expect(sizes).toEqual(new Array(60).fill(2000));
    expect(header?.get('x-header')).toBe('h');
    expect(header?.get('x-any-bin')).toBe('AP8B');
    expect(trailer?.get('x-trailer')).toBe('t');
    const encoding = way.protocol === 'connect' ? 'connect-content-encoding' : 'grpc-encoding';
    expect(header?.get(encoding) ?? null).toBe(way.gzip ? 'gzip' : null);
  });

  it('tells an error before the first message', async () => {
    const call = async () => {
      for await (const _ of client.serverStream({ failCode: Code.AlreadyExists, text: 'früh' })) {
        // none is expected
      }
    };
    const error = ConnectError.from(await call().catch((reason) => reason));
    expect(error.code).toBe(Code.AlreadyExists);
    expect(error.rawMessage).toBe('früh');
    expect(error.findDetails(EchoRequestSchema)[0]?.text).toBe('detail');
  });

  it('takes a stream of requests and sums it up', async () => {
    async function* requests() {
      for (const size of [0, 1, 70_000, 3, 500]) yield { payload: new Uint8Array(size) };
    }
    const answer = await client.clientStream(requests());
    expect(answer.index).toBe(5);
    expect(answer.size).toBe(70_504);
  });

  it('hides what a handler throws and reports it to its owner', async () => {
    const error = ConnectError.from(await client.unary({ text: 'throw' }).catch((reason) => reason));
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toBe('internal error');
    expect(seen.errors).toHaveLength(1);
  });

  it('ends a call at its deadline', async () => {
    const error = ConnectError.from(
      await client.unary({ text: 'hang' }, { timeoutMs: 100 }).catch((reason) => reason),
    );
    expect(error.code).toBe(Code.DeadlineExceeded);
  });

  if (way.http !== '1.1')
    it('streams in both directions at once', async () => {
      const gates: (() => void)[] = [];
      async function* requests() {
        for (let index = 0; index < 20; index++) {
          yield { text: `m${index}`, payload: new Uint8Array(index * 300) };
          await new Promise<void>((resolve) => gates.push(resolve));
        }
      }
      const texts: string[] = [];
      for await (const answer of client.bidi(requests())) {
        texts.push(answer.text);
        await until(() => gates.length > 0, 'the request side waits');
        gates.shift()?.();
      }
      expect(texts).toEqual(Array.from({ length: 20 }, (_, index) => `m${index}`));
      expect(seen.halfClosed).toEqual(['Bidi']);
    });

  if (way.http === '1.1')
    it('refuses what needs HTTP/2 with 505', async () => {
      const answer = await fetch(`${server.url}/${EchoService.typeName}/Bidi`, {
        method: 'POST',
        headers: { 'content-type': 'application/connect+proto' },
        body: '',
      });
      expect(answer.status).toBe(505);
      await answer.arrayBuffer();
    });

  it('reports a cancelled call once', async () => {
    const abort = new AbortController();
    const call = async () => {
      for await (const _ of client.serverStream({ text: 'hang' }, { signal: abort.signal })) {
        // none is expected
      }
    };
    const result = call().catch((reason) => reason);
    await until(() => seen.halfClosed.length === 1, 'the call has begun');
    abort.abort();
    expect(ConnectError.from(await result).code).toBe(Code.Canceled);
    await until(() => seen.closed.length === 1, 'closed');
    expect(seen.closed).toHaveLength(1);
  });
});
