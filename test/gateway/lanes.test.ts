import { create, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { ConnectRequestSchema, SignalingService } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import type { EnvelopeCall, EnvelopeHandler } from '../../src/lanes/envelope/call.ts';
import { EnvelopeEndpoint } from '../../src/lanes/envelope/endpoint.ts';
import { gateway } from './harness.ts';
import { http2Request, http2Session } from './http2-client.ts';

const { connect, receiveFrames } = SignalingService.method;

/** Answers each message with itself: the requests and responses of the streams both have a frame in field 1. */
class Echo implements EnvelopeHandler {
  readonly #call: EnvelopeCall;
  readonly #seen: string[];

  constructor(call: EnvelopeCall, seen: string[]) {
    this.#call = call;
    this.#seen = seen;
    seen.push(call.address);
  }
  message(bytes: Uint8Array): boolean {
    this.#call.send(bytes.slice());
    return true;
  }
  halfClosed(): void {
    this.#call.end();
  }
  drained(): void {}
  closed(cause: string): void {
    this.#seen.push(cause);
  }
  violated(): void {
    this.#call.end();
  }
}

describe('the envelope lane behind the port', () => {
  test('carries a full-duplex stream of grpc-js, with the address that the proxy forwarded', async () => {
    const seen: string[] = [];
    const endpoints = [new EnvelopeEndpoint(connect, (call) => new Echo(call, seen))];
    const { port } = await gateway({ endpoints, trustedProxies: ['127.0.0.1'] });
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());

    const metadata = new Metadata();
    metadata.set('x-forwarded-for', '192.0.2.9');
    const identity = (bytes: Buffer) => bytes;
    const stream = client.makeBidiStreamRequest(
      '/signalbox.v1.SignalingService/Connect',
      identity,
      identity,
      metadata,
    );
    const received: Buffer[] = [];
    const status = new Promise<{ code: number }>((resolve) => stream.on('status', resolve));
    const message = Buffer.from(
      toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { frame: { seq: 7 } })),
    );
    stream.on('data', (bytes: Buffer) => {
      received.push(bytes);
      if (received.length === 3) stream.end();
      else stream.write(message);
    });
    stream.write(message);
    expect(await status).toMatchObject({ code: 0 });
    expect(received).toEqual([message, message, message]);
    expect(seen[0]).toBe('192.0.2.9');
    client.close();
  });

  test('gets the CORS fields and asks proxies not to buffer', async () => {
    const origins = { allowed: ['https://app.example'], setting: '--allow-origin' };
    const endpoints = [new EnvelopeEndpoint(receiveFrames, (call) => new Echo(call, []))];
    const { url } = await gateway({ endpoints, origins });
    const path = '/signalbox.v1.SignalingService/ReceiveFrames';
    const headers = { 'content-type': 'application/grpc-web+proto', origin: 'https://app.example' };
    const http1 = await fetch(url + path, { method: 'POST', headers, body: Buffer.alloc(5) });
    expect(http1.status).toBe(200);
    await http1.arrayBuffer();
    const http2 = await http2Request(
      http2Session(url),
      { ':method': 'POST', ':path': path, ...headers },
      Buffer.alloc(5),
    );
    for (const fields of [Object.fromEntries(http1.headers), http2.headers]) {
      expect(fields).toMatchObject({
        'access-control-allow-origin': 'https://app.example',
        'x-accel-buffering': 'no',
        vary: 'Origin',
      });
    }
  });

  test('is not asked about a wrong method, a wrong content type or a foreign origin', async () => {
    const seen: string[] = [];
    const { url } = await gateway({
      endpoints: [new EnvelopeEndpoint(connect, (call) => new Echo(call, seen))],
    });
    const path = '/signalbox.v1.SignalingService/Connect';
    const get = await fetch(url + path);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    const unary = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(unary.status).toBe(415);
    const foreign = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/connect+json', origin: 'https://evil.example' },
    });
    expect(foreign.status).toBe(200);
    expect(await foreign.text()).toContain('permission_denied');
    expect(seen).toEqual([]);
  });
});
