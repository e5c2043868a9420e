import type { ConnectRouter } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import { callUnary, type UnaryProtocol, unaryProtocols } from '../helpers/unary-call.ts';
import { delay, gateway } from './harness.ts';
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
