import { createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { EchoService } from '../../interop/gen/signalbox/test/v1/echo_pb.ts';
import { echoEndpoints, newSeen } from './echo-service.ts';
import { framed, RawClient } from './raw-client.ts';
import { until } from './servers.ts';

it('serves hijacked requests of Fastify, and takes the stream from the compat layer whole', async () => {
  const endpoints = echoEndpoints(newSeen());
  const app = Fastify({ http2: true });
  app.addHook('onRequest', (request, reply, done) => {
    const endpoint = endpoints.get(request.raw.url ?? '');
    if (endpoint === undefined) {
      done();
      return;
    }
    reply.hijack();
    endpoint.serve(request.raw, reply.raw, {
      responseHeaders: { 'access-control-allow-origin': 'https://a.example' },
    });
  });
  app.post('/*', async () => 'not an rpc');
  const listeners: string[] = [];
  app.server.on('stream', (stream) => {
    setImmediate(() => {
      for (const event of stream.eventNames()) {
        for (const listener of stream.listeners(event)) listeners.push(`${String(event)}:${listener.name}`);
      }
    });
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  for (const create of [createGrpcTransport, createConnectTransport]) {
    const client = createClient(EchoService, create({ baseUrl: url, httpVersion: '2' } as never));
    let header: Headers | undefined;
    const texts: string[] = [];
    const onHeader = (it: Headers) => {
      header = it;
    };
    for await (const { text } of client.serverStream({ text: 'x', count: 3 }, { onHeader })) texts.push(text);
    expect(texts).toEqual(['x', 'x', 'x']);
    expect(header?.get('access-control-allow-origin')).toBe('https://a.example');
    expect((await client.unary({ text: 'u' })).text).toBe('u');
  }
  const raw = new RawClient(url);
  const { stream } = raw.open(
    `/${EchoService.typeName}/Bidi`,
    { 'content-type': 'application/grpc' },
    [],
    false,
  );
  stream.write(framed(new Uint8Array(0)));
  await until(() => endpoints.get(`/${EchoService.typeName}/Bidi`)?.active === 1, 'one call');
  expect(listeners.filter((name) => name.includes(':onStream'))).toEqual([]);
  raw.close();
  await app.close();
});
