import { once } from 'node:events';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compatExchange } from '../../../src/lanes/http2/compat-stream.ts';
import { encodeFields } from '../../fuzz/kit/hpack.ts';
import {
  END_HEADERS,
  END_STREAM,
  FrameType,
  type Http2Frame,
  http2Frame,
  PREFACE,
  readFrames,
  settings,
  uint32,
  writeFrame,
} from '../../fuzz/kit/http2-frames.ts';
import { serveHttp2On } from '../../helpers/http2-server.ts';
import { until } from '../envelope/servers.ts';

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

let server: Server;
let handler: Handler;
let client: Socket;
let received: Buffer[];
const sockets = new Set<Socket>();

const frames = (): Http2Frame[] => readFrames(Buffer.concat(received)).filter(({ stream }) => stream > 0);
const content = (): number =>
  frames()
    .filter(({ type }) => type === FrameType.DATA)
    .reduce((sum, { payload }) => sum + payload.length, 0);

function request(method: string, flags: number, ...more: Http2Frame[]): void {
  const fields = encodeFields([
    [':method', method],
    [':scheme', 'http'],
    [':authority', 'a'],
    [':path', '/'],
  ]);
  const head = http2Frame(FrameType.HEADERS, END_HEADERS | flags, 1, fields);
  client.write(Buffer.concat([head, ...more].map(writeFrame)));
}

beforeEach(async () => {
  received = [];
  server = createServer((socket) => {
    sockets.add(socket);
    serveHttp2On(socket, (stream, head) => {
      const { request, response } = compatExchange(stream, head);
      handler(request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  client.on('data', (chunk: Buffer) => received.push(chunk));
  client.write(PREFACE);
  client.write(writeFrame(http2Frame(FrameType.SETTINGS, 0, 0, settings([4, 100_000]))));
});

afterEach(async () => {
  client.destroy();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => server.close(resolve));
});

it('ends an answer with its last content, in one write', async () => {
  handler = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write('one, ');
    response.end('two');
  };
  request('GET', END_STREAM);
  await until(() => content() === 8, 'the answer');
  expect(frames().map(({ type, flags }) => [type, flags])).toEqual([
    [FrameType.HEADERS, END_HEADERS],
    [FrameType.DATA, 0],
    [FrameType.DATA, END_STREAM],
  ]);
});

it.each([
  ['HEAD', 200],
  ['GET', 204],
  ['GET', 304],
])('an answer to %s of status %i has no content, whatever is written', async (method, status) => {
  handler = (_request, response) => {
    response.writeHead(status, { 'content-length': 4 });
    response.end('text');
  };
  request(method, END_STREAM);
  await until(() => frames().length > 0, 'the answer');
  client.write(writeFrame(http2Frame(FrameType.PING, 0, 0, new Uint8Array(8))));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(frames().map(({ type, flags }) => [type, flags])).toEqual([
    [FrameType.HEADERS, END_HEADERS | END_STREAM],
  ]);
});

it('writes no more than the peer takes, and says when that is out', async () => {
  const written: string[] = [];
  handler = (_request, response) => {
    expect(response.write(Buffer.alloc(150_000))).toBe(false);
    response.once('drain', () => {
      written.push('drained');
      response.end();
    });
    response.once('close', () => written.push('closed'));
  };
  request('GET', END_STREAM);
  await until(() => content() === 65_535, 'what the window of the connection takes');
  expect(written).toEqual([]);
  client.write(writeFrame(http2Frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1_000_000))));
  await until(() => content() === 100_000, 'what the window of the stream takes');
  expect(written).toEqual([]);
  client.write(writeFrame(http2Frame(FrameType.WINDOW_UPDATE, 0, 1, uint32(1_000_000))));
  await until(() => written.length === 2, 'the end');
  expect(written).toEqual(['drained', 'closed']);
  const isLast = ({ type, flags }: Http2Frame) => type === FrameType.DATA && flags === END_STREAM;
  await until(() => frames().some(isLast), 'its frame');
});

it('lets the peer send no more than is read', async () => {
  const requests: Http2ServerRequest[] = [];
  handler = (request) => void requests.push(request);
  const part = http2Frame(FrameType.DATA, 0, 1, new Uint8Array(15_000));
  request('POST', 0, part, part, part, part);
  await until(() => requests.length === 1, 'the request');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(frames().filter(({ type }) => type === FrameType.WINDOW_UPDATE)).toEqual([]);
  let read = 0;
  requests[0]?.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  await until(() => read === 60_000, 'all of it');
  await until(() => frames().some(({ type }) => type === FrameType.WINDOW_UPDATE), 'more room');
});

it('tells both that the peer gave up', async () => {
  const told: string[] = [];
  handler = (request, response) => {
    for (const event of ['aborted', 'end', 'close']) request.on(event, () => told.push(`request ${event}`));
    response.on('close', () => told.push(`response close, ${request.stream.rstCode}`));
    response.write(Buffer.alloc(200_000), () => told.push('written'));
    response.stream.on('error', () => {});
  };
  request('POST', 0);
  await until(() => content() > 0, 'some of the answer');
  client.write(writeFrame(http2Frame(FrameType.RST_STREAM, 0, 1, uint32(8))));
  await until(() => told.includes('response close, 8'), 'the end');
  expect(told).toContain('request aborted');
  expect(told).toContain('written');
});

it('reads on behind an answer, and stops a peer that does not come to its end', async () => {
  handler = (_request, response) => void response.end('no');
  const part = http2Frame(FrameType.DATA, 0, 1, new Uint8Array(10_000));
  request('POST', 0, part);
  await until(() => content() === 2, 'the answer');
  for (let sent = 1; sent <= 6; sent += 1) client.write(writeFrame(part));
  const resets = () => frames().filter(({ type }) => type === FrameType.RST_STREAM);
  await until(() => resets().length === 1, 'the reset');
  expect(resets()[0]?.payload).toEqual(Buffer.from(uint32(0)));
});

it('says nothing that a field may not have', async () => {
  handler = (_request, response) => {
    response.setHeader('x-text', 'a\r\nb\u{1f600} ');
    response.setHeader('x-list', ['1', '2']);
    response.end();
  };
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream: ClientHttp2Stream = session.request({ ':path': '/' });
  const [headers] = await once(stream, 'response');
  expect(headers).toMatchObject({ 'x-text': 'a??b??', 'x-list': '1, 2', date: expect.any(String) });
  session.destroy();
});
