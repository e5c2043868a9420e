import {
  type Client,
  type Code,
  ConnectError,
  createClient,
  createRouterTransport,
  type Interceptor,
} from '@connectrpc/connect';
import { expect } from 'vitest';
import { type FrameError, FrameErrorSchema, type Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import { nodeCrypto } from '../../src/runtime/node-crypto.ts';
import { authenticate } from '../../src/services/authenticate.ts';
import { roomService } from '../../src/services/room-service.ts';
import {
  type NodeKit,
  type NodeKitOptions,
  startNode,
  type TestGrants,
  testIssuer,
  testToken,
  testVerifier,
} from '../helpers/node-kit.ts';

export interface RoomKit extends NodeKit {
  /** What a router needs: the service behind the authentication. */
  readonly implementation: ReturnType<typeof roomService>;
  /** A backend in this process whose token grants this; `adm` unless it says otherwise. */
  backend(grants?: TestGrants): Client<typeof RoomService>;
}

/** A core, and RoomService beside it. */
export async function startRooms(options: NodeKitOptions = {}): Promise<RoomKit> {
  const kit = await startNode(options);
  const { engine, profiles, clock, limits } = kit;
  const implementation = roomService({
    engine,
    profiles,
    clock,
    limits,
    crypto: nodeCrypto,
    issuer: testIssuer,
  });
  const backend = (grants: TestGrants = {}) => {
    const token = testToken({ identity: 'backend', admin: true, ...grants });
    const transport = createRouterTransport(({ service }) => void service(RoomService, implementation), {
      transport: { interceptors: [bearer(token)] },
      router: { interceptors: [authenticate(testVerifier)] },
    });
    return createClient(RoomService, transport);
  };
  return { ...kit, implementation, backend };
}

/** Puts a token on each call. */
export function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
}

/** The call must fail like this; returns the FrameError of its detail. */
export async function refused(
  call: Promise<unknown>,
  code: Code,
  reason: Reason,
  message: RegExp | string = '',
): Promise<FrameError> {
  const error = await call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (cause: unknown) => cause,
  );
  if (!(error instanceof ConnectError)) throw error;
  expect(error.rawMessage).toMatch(message);
  const [detail] = error.findDetails(FrameErrorSchema);
  expect({ code: error.code, reason: detail?.reason }).toEqual({ code, reason });
  if (detail === undefined) throw new Error('the error has no FrameError');
  return detail;
}
