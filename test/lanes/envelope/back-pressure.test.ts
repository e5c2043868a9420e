import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EnvelopeCall, EnvelopeHandler } from '../../../src/lanes/envelope/call.ts';
import { EnvelopeEndpoint } from '../../../src/lanes/envelope/endpoint.ts';
import { EchoService } from '../../interop/gen/signalbox/test/v1/echo_pb.ts';
import { framed, RawClient } from './raw-client.ts';
import { serveHttp1, serveHttp2, type TestServer, until } from './servers.ts';

const path = `/${EchoService.typeName}/ClientStream`;

describe.each(['1.1', '2'] as const)('a handler that says enough over HTTP/%s', (http) => {
  let server: TestServer;
  let call: EnvelopeCall | undefined;
  let got: number[];
  let answer: (index: number) => boolean;
  let halfClosed: number;
  let write: (piece: Uint8Array) => boolean;
  let finish: () => Promise<void>;
  /** Bytes that the client was given and could not send. */
  let unsent: () => number;

  beforeEach(async () => {
    got = [];
    halfClosed = 0;
    answer = () => true;
    const endpoint = new EnvelopeEndpoint(EchoService.method.clientStream, (it) => {
      call = it;
      return {
        message: (bytes) => {
          got.push(bytes[0] ?? -1);
          return answer(got.length - 1);
        },
        halfClosed: () => {
          halfClosed++;
          it.end();
        },
        drained: () => {},
        closed: () => {},
        violated: (error) => it.end(error),
      } satisfies EnvelopeHandler;
    });
    const endpoints = new Map([[path, endpoint]]);
    if (http === '2') {
      server = await serveHttp2(endpoints);
      const client = new RawClient(server.url);
      const opened = client.open(path, { 'content-type': 'application/connect+proto' }, [], false);
      write = (piece) => opened.stream.write(piece);
      unsent = () => opened.stream.writableLength;
      finish = async () => {
        opened.stream.end();
        await opened.answer;
        client.close();
      };
    } else {
      server = await serveHttp1(endpoints);
      const headers = { 'content-type': 'application/connect+proto' };
      const sending = request(server.url + path, { method: 'POST', headers });
      const response = new Promise<void>((resolve, reject) => {
        sending.on('response', (it) => it.resume().on('end', resolve));
        sending.on('error', reject);
      });
      sending.flushHeaders();
      write = (piece) => sending.write(piece);
      unsent = () => sending.writableLength;
      finish = async () => {
        sending.end();
        await response;
      };
    }
  });

  afterEach(() => server.close());

  const numbered = (from: number, to: number) =>
    Buffer.concat(Array.from({ length: to - from }, (_, index) => framed(new Uint8Array([from + index]))));

  it('gets the next message only after it resumes, and none twice', async () => {
    answer = (index) => index !== 2 && index !== 3;
    write(numbered(0, 6));
    await until(() => got.length === 3, 'three messages');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(got).toEqual([0, 1, 2]);
    call?.resume();
    expect(got).toEqual([0, 1, 2, 3]);
    call?.resume();
    expect(got).toEqual([0, 1, 2, 3, 4, 5]);
    write(numbered(6, 8));
    await until(() => got.length === 8, 'the stream is read again');
    await finish();
    expect(halfClosed).toBe(1);
  });

  it('may resume from within the message that it stopped at', async () => {
    answer = () => {
      call?.resume();
      return false;
    };
    write(numbered(0, 4));
    await until(() => got.length === 4, 'all messages');
    await finish();
    expect(got).toEqual([0, 1, 2, 3]);
  });

  it('hears of the half-close after the messages that it held back', async () => {
    answer = (index) => index !== 0;
    write(numbered(0, 2));
    await until(() => got.length === 1, 'the first message');
    const finished = finish();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(halfClosed).toBe(0);
    call?.resume();
    await finished;
    expect(got).toEqual([0, 1]);
    expect(halfClosed).toBe(1);
  });

  it('stops the sender', async () => {
    answer = () => false;
    const piece = framed(new Uint8Array(60_000));
    for (let index = 0; index < 200; index++) write(piece);
    await until(() => got.length === 1, 'the first message');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(got).toHaveLength(1);
    expect(unsent()).toBeGreaterThan(5_000_000);
    answer = () => true;
    call?.resume();
    await finish();
    expect(got).toHaveLength(200);
  });
});
