import { createServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  create,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Code, type ConnectRouter } from '@connectrpc/connect';
import { findTrailerError } from '@connectrpc/connect/protocol-grpc';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FrameErrorSchema, Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import { startGateway } from '../../src/gateway/gateway.ts';
import { authenticate } from '../../src/services/authenticate.ts';
import { testToken, testVerifier } from '../helpers/node-kit.ts';
import { type RoomKit, startRooms } from './room-kit.ts';

interface Served {
  /** Where HTTP/2 with prior knowledge is spoken. */
  readonly http2: number;
  /** Where HTTP/1.1 is spoken. */
  readonly http1: number;
  stop(): Promise<void>;
}

const token = testToken({ identity: 'backend', admin: true });

let kit: RoomKit;
let stops: (() => Promise<void> | void)[];

beforeEach(async () => {
  kit = await startRooms();
  stops = [];
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  await kit.stop();
});

function routes(router: ConnectRouter): void {
  router.service(RoomService, kit.implementation, { interceptors: [authenticate(testVerifier)] });
}

/** Plain servers of Node with Connect's own adapter. */
async function plainServers(): Promise<Served> {
  const handler = connectNodeAdapter({ routes });
  const http1 = createServer(handler);
  const http2 = createHttp2Server(handler);
  const sessions = new Set<ServerHttp2Session>();
  http2.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  const listen = (server: typeof http1 | typeof http2) =>
    new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  const ports = { http1: await listen(http1), http2: await listen(http2) };
  const stop = async () => {
    for (const session of sessions) session.destroy();
    http1.closeAllConnections();
    await Promise.all([http1, http2].map((server) => new Promise((resolve) => void server.close(resolve))));
  };
  return { ...ports, stop };
}

/** The gateway, which speaks both on one port. */
async function gateway(): Promise<Served> {
  const started = await startGateway({ routes, log: pino({ level: 'silent' }), closeGraceMs: 200 });
  return { http1: started.port, http2: started.port, stop: () => started.close() };
}

/** A call as a backend makes it that has @grpc/grpc-js and this schema. */
function grpcJs(port: number, bearer = token) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  stops.push(() => client.close());
  const metadata = new Metadata();
  if (bearer !== '') metadata.set('authorization', `Bearer ${bearer}`);
  return <Method extends DescMethodUnary>(
    method: Method,
    request: MessageInitShape<Method['input']>,
  ): Promise<MessageShape<Method['output']>> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        `/${method.parent.typeName}/${method.name}`,
        (message: MessageShape<Method['input']>) => Buffer.from(toBinary(method.input, message)),
        (bytes: Buffer) => fromBinary(method.output, bytes) as MessageShape<Method['output']>,
        create(method.input, request) as MessageShape<Method['input']>,
        metadata,
        { deadline: Date.now() + 4000 },
        (error, response) => {
          if (error !== null || response === undefined) reject(error);
          else resolve(response);
        },
      );
    });
}

/** A call as curl makes it. */
async function curl(port: number, method: string, body: object, bearer = token) {
  const response = await fetch(`http://127.0.0.1:${port}/signalbox.v1.RoomService/${method}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }),
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe.each([
  ["through Connect's own adapter", plainServers],
  ['through the gateway', gateway],
])('RoomService %s', (_name, serve) => {
  it('is called by grpc-js', async () => {
    const served = await serve();
    stops.push(served.stop);
    const call = grpcJs(served.http2);
    const { created, room } = await call(RoomService.method.createRoom, { name: 'r' });
    expect({ created, name: room?.name }).toEqual({ created: true, name: 'r' });
    const ada = kit.client();
    await ada.join('r');
    const { participants } = await call(RoomService.method.listParticipants, { room: 'r' });
    expect(participants).toMatchObject([{ identity: 'ada' }]);
    await call(RoomService.method.publishMessage, {
      message: { room: 'r', content: { case: 'text', value: 'hello' } },
    });
    expect(await ada.until('message')).toMatchObject({ content: { value: 'hello' } });
    await call(RoomService.method.removeParticipant, { room: 'r', identity: 'ada' });
    expect(await ada.until('left')).toMatchObject({ reason: Reason.REMOVED });
  });

  it('gives grpc-js the reason of an error', async () => {
    const served = await serve();
    stops.push(served.stop);
    const error = await grpcJs(served.http2)(RoomService.method.getRoom, { name: 'r' }).then(
      () => undefined,
      (cause: ServiceError) => cause,
    );
    expect(error).toMatchObject({ code: status.NOT_FOUND, details: 'there is no room r' });
    const [bin] = error?.metadata.get('grpc-status-details-bin') ?? [];
    const trailer = new Headers({
      'grpc-status': String(error?.code),
      'grpc-status-details-bin': Buffer.from(bin as Buffer).toString('base64'),
    });
    const details = findTrailerError(trailer)?.findDetails(FrameErrorSchema);
    expect(details).toMatchObject([{ reason: Reason.ROOM_NOT_FOUND, room: 'r' }]);
    const nobody = grpcJs(served.http2, '')(RoomService.method.getRoom, { name: 'r' });
    await expect(nobody).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    const client = grpcJs(served.http2, testToken())(RoomService.method.getRoom, { name: 'r' });
    await expect(client).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  it('is called by curl', async () => {
    const served = await serve();
    stops.push(served.stop);
    const { http1 } = served;
    const settings = { topology: 'TOPOLOGY_HUB', emptyTimeout: '60s' };
    const made = await curl(http1, 'CreateRoom', { name: 'r', settings });
    expect(made).toMatchObject({ status: 200, body: { created: true, room: { name: 'r', settings } } });
    const changed = await curl(http1, 'UpdateRoom', {
      name: 'r',
      settings: {},
      updateMask: 'emptyTimeout,topology',
      expectedVersion: 1,
    });
    expect(changed.body).toMatchObject({ room: { version: 2, settings: { topology: 'TOPOLOGY_MESH' } } });
    expect((changed.body.room as { settings: object }).settings).not.toHaveProperty('emptyTimeout');
    const ada = kit.client();
    await ada.join('r');
    const message = { room: 'r', messageType: 'chat', text: 'hello' };
    const said = await curl(http1, 'PublishMessage', { message, requestId: 'id-1' });
    expect(said.status).toBe(200);
    expect(await ada.until('message')).toMatchObject({ content: { value: 'hello' } });
    expect(await curl(http1, 'DeleteRoom', { name: 'r' })).toEqual({ status: 200, body: { deleted: true } });
    expect(await ada.until('left')).toMatchObject({ reason: Reason.ROOM_CLOSED });
  });

  it('gives curl the reason of an error', async () => {
    const served = await serve();
    stops.push(served.stop);
    const stale = { name: 'r', locked: true, expectedVersion: 4 };
    await curl(served.http1, 'CreateRoom', { name: 'r' });
    const { status, body } = await curl(served.http1, 'UpdateRoom', stale);
    expect({ status, code: body.code }).toEqual({ status: 409, code: Code[Code.Aborted]?.toLowerCase() });
    expect(body.details).toMatchObject([
      {
        type: 'signalbox.v1.FrameError',
        debug: { reason: 'REASON_OUT_OF_ORDER', fieldPath: 'expected_version', room: 'r' },
      },
    ]);
    expect((await curl(served.http1, 'GetRoom', { name: 'r' }, '')).status).toBe(401);
    expect((await curl(served.http1, 'GetRoom', { name: 'r' }, testToken())).status).toBe(403);
    expect((await curl(served.http1, 'GetRoom', { name: 'x' })).status).toBe(404);
    expect((await curl(served.http1, 'GetRoom', { name: '' })).status).toBe(400);
  });
});

it('refuses half a surrogate pair, which only JSON can say', async () => {
  const served = await plainServers();
  stops.push(served.stop);
  await curl(served.http1, 'CreateRoom', { name: 'r' });
  const half = '\ud83d';
  for (const [method, body] of [
    ['CreateRoom', { name: half }],
    ['ListRooms', { namePrefix: half }],
    ['PublishMessage', { message: { room: 'r', text: half } }],
    ['PublishMessage', { message: { room: 'r', key: half } }],
    ['PublishMessage', { message: { room: 'r', toRole: half } }],
    ['RemoveParticipant', { room: 'r', participant: 'x', note: half }],
  ] as const) {
    expect(await curl(served.http1, method, body), JSON.stringify(body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_argument', message: expect.stringMatching(/UTF8/) },
    });
  }
});
