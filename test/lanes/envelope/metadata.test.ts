import { Code, ConnectError } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EnvelopeCall } from '../../../src/lanes/envelope/call.ts';
import { EnvelopeEndpoint } from '../../../src/lanes/envelope/endpoint.ts';
import { addFields, type HeaderFields, toHeaders } from '../../../src/lanes/envelope/metadata.ts';
import { EchoService } from '../../interop/gen/signalbox/test/v1/echo_pb.ts';
import { framed, RawClient } from './raw-client.ts';
import { serveHttp1, serveHttp2, type TestServer } from './servers.ts';

const path = `/${EchoService.typeName}/ClientStream`;

describe('metadata that Node would throw at', () => {
  it('is made harmless, field by field', () => {
    const fields: HeaderFields = {};
    addFields(fields, {
      'X-Euro': '1 €',
      'x-control': 'a\u0001b\u007f',
      'x-latin': 'é',
      connection: 'close',
      'bad name': '1',
      ':status': '500',
    });
    expect(fields).toEqual({ 'x-euro': '1 ?', 'x-control': 'a?b?', 'x-latin': 'é' });
  });

  it('comes in without pseudo-headers', () => {
    const headers = toHeaders({ ':path': '/x', 'x-a': '1', 'set-cookie': ['a', 'b'] });
    expect([...headers.keys()]).toEqual(['set-cookie', 'set-cookie', 'x-a']);
  });
});

describe('an end with text that no header field may carry', () => {
  const error = new ConnectError('lone \ud800, line\nbreak, grüße', Code.Aborted, { 'x-m': 'b\u0001' });
  let server: TestServer;
  let end: (call: EnvelopeCall) => void;

  const endpoints = () =>
    new Map([
      [
        path,
        new EnvelopeEndpoint(EchoService.method.clientStream, (call) => ({
          message: () => true,
          halfClosed: () => end(call),
          drained: () => {},
          closed: () => {},
          violated: (reason) => call.end(reason),
        })),
      ],
    ]);

  beforeEach(() => {
    end = (call) => {
      call.responseHeaders.set('x-h', 'a\u0001é');
      call.end(error, new Headers({ 'x-t': 'c\u0002' }));
    };
  });
  afterEach(() => server.close());

  it.each(['application/grpc', 'application/grpc-web', 'application/connect+proto'])(
    'reaches the caller by %s',
    async (type) => {
      server = await serveHttp2(endpoints());
      const client = new RawClient(server.url);
      const got = await client.open(path, { 'content-type': type }, [framed(new Uint8Array(0))]).answer;
      expect(got.headers[':status']).toBe(200);
      const text = JSON.stringify(got.trailers) + got.body.toString();
      expect(text).toMatch(/"grpc-status":"10"|grpc-status: 10|"code":"aborted"/);
      expect(decodeURIComponent(text)).toMatch(/lone \ufffd, line(\n|\\n)break, grüße/);
      client.close();
    },
  );

  it('reaches the caller over HTTP/1.1', async () => {
    server = await serveHttp1(endpoints());
    const headers = { 'content-type': 'application/connect+proto' };
    const response = await fetch(server.url + path, { method: 'POST', headers, body: '' });
    expect(response.headers.get('x-h')).toMatch(/^a\?/);
    expect(await response.text()).toContain('"code":"aborted"');
  });
});
