import { gzipSync } from 'node:zlib';
import type { ConnectRouter } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import { callUnary, type UnaryProtocol, unaryProtocols } from '../helpers/unary-call.ts';
import { framed, RawClient } from '../lanes/envelope/raw-client.ts';
import { delay, gateway, rawPeer } from './harness.ts';
import { rooms } from './rooms.ts';

const path = '/signalbox.v1.RoomService/GetRoom';
const noUtf8 = Uint8Array.of(10, 2, 0xff, 0xff);
const cutOff = Uint8Array.of(10, 9, 0x61);
const whole = (protocol: UnaryProtocol) =>
  protocol === 'connect-json' ? '{"name":"a"}' : Uint8Array.of(10, 1, 0x61);

/** Answers after a while, unless the call is over then. */
function slowRooms(router: ConnectRouter): void {
  router.service(RoomService, {
    getRoom: async ({ name }, { signal }) => {
      await delay(50);
      signal.throwIfAborted();
      return { room: { name } };
    },
  });
}

describe.each(unaryProtocols)('a call over %s', (protocol) => {
  test.each([
    ['is no UTF-8', protocol === 'connect-json' ? '{"name":7}' : noUtf8],
    ['is cut off', protocol === 'connect-json' ? '{"name":"a' : cutOff],
  ])('whose request %s is the fault of its caller, not ours', async (_what, request) => {
    const { url } = await gateway({ routes: rooms });
    const { code, message } = await callUnary({ url, path, protocol, request });
    expect(code).toBe('invalid_argument');
    expect(message).not.toBe('');
  });

  // As a Node timer it would overflow, and be over after a millisecond.
  test.each(['99999999H', '99999999M'])(
    'with a deadline of %s is not over before it begins',
    async (longest) => {
      const { url } = await gateway({ routes: slowRooms });
      const headers =
        protocol === 'connect' || protocol === 'connect-json'
          ? { 'connect-timeout-ms': '9999999999' }
          : { 'grpc-timeout': longest };
      const { code } = await callUnary({ url, path, protocol, request: whole(protocol), headers });
      expect(code).toBe('ok');
    },
  );
});

test.each(['application/grpc', 'application/grpc-web', 'application/proto'])(
  'gzip that is cut off is the fault of its caller (%s)',
  async (type) => {
    const { url } = await gateway({ routes: rooms });
    const packed = gzipSync(Buffer.alloc(1000)).subarray(0, 20);
    const isUnary = type === 'application/proto';
    const headers = { 'content-type': type, [isUnary ? 'content-encoding' : 'grpc-encoding']: 'gzip' };
    const client = new RawClient(url);
    const { body, trailers } = await client.open(path, headers, [isUnary ? packed : framed(packed, 1)])
      .answer;
    client.close();
    expect(`grpc-status: ${trailers['grpc-status']} ${body}`).toMatch(
      /grpc-status: 3|"code":"invalid_argument"/,
    );
  },
);

test.each(['%25', 'a*b', '%C3%A9'])('a GET whose message is no base64 (%s) is told so', async (message) => {
  const { url } = await gateway({ routes: rooms });
  const answer = await fetch(`${url}${path}?encoding=proto&base64=1&message=${message}`);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: 'invalid_argument' });
});

test('a GET whose message is base64 with or without padding is answered', async () => {
  const { url } = await gateway({ routes: rooms });
  for (const message of ['CgFh', 'CgJhYg', 'CgJhYg%3D%3D']) {
    const answer = await fetch(`${url}${path}?encoding=proto&base64=1&message=${message}`);
    expect(answer.status).toBe(200);
  }
});

test('a HEAD that asks for an upgrade is answered without a body', async () => {
  const { port } = await gateway({ routes: rooms });
  const head = 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n';
  const peer = await rawPeer(port, head);
  expect(await peer.closed).toMatch(/^HTTP\/1\.1 4\d\d [\s\S]*\r\n\r\n$/);
});
