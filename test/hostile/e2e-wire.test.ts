import { gzipSync } from 'node:zlib';
import { enumToJson, fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FrameErrorSchema, Reason, ReasonSchema } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import { lengthField, varintField } from '../core/wire/bytes.ts';
import { Bystanders } from '../helpers/bystanders.ts';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import { EnvelopeStream } from '../helpers/envelope-stream.ts';
import { callSendFrames } from '../helpers/halves-lane.ts';
import type { LaneClient } from '../helpers/lane-client.ts';
import { type LaneKind, openLane } from '../helpers/lane-clients.ts';
import { callUnary, unaryProtocols } from '../helpers/unary-call.ts';
import { framed } from '../lanes/envelope/raw-client.ts';
import { forgedTokens, goodToken } from './forged-tokens.ts';

// Bad input below the frames: envelopes, JSON, WebSocket messages, requests of SendFrames and of the unary services.
// More of it, on the lanes alone: test/lanes/envelope/http-edges.test.ts and test/hostile/websocket.test.ts.

const kib = 1024;
/** What a message may have: a frame of 272 KiB with its wrapper. */
const limit = 273 * kib;

let gateway: E2eGateway;
let bystanders: Bystanders;
beforeAll(async () => {
  gateway = await startE2eGateway({ limits: { resumeWindowMs: 100 } });
  bystanders = await Bystanders.start(gateway, 'room', ['grpc-web', 'ws-proto']);
});
afterAll(async () => {
  bystanders.close();
  await gateway.close();
});

async function joined(kind: LaneKind, headers: Record<string, string> = {}): Promise<LaneClient> {
  const token = await gateway.token({ identity: 'hostile' });
  const client = await openLane(kind, { url: gateway.url, token, headers });
  await client.until('welcome');
  await client.join(bystanders.room);
  return client;
}

interface Ending {
  readonly reason: Reason;
  readonly status: string;
  readonly detail: RegExp;
  /** WebSocket close code, where it is not 4000 + status. */
  readonly close?: number;
}

async function expectEnd(
  client: LaneClient,
  kind: LaneKind,
  { reason, status, detail, close }: Ending,
): Promise<void> {
  const closed = await client.until('closed');
  expect({ ...closed, reason: enumToJson(ReasonSchema, closed.reason) }).toMatchObject({
    reason: enumToJson(ReasonSchema, reason),
    nextStep: NextStep.STOP,
  });
  expect(closed.detail).toMatch(detail);
  const end = await client.ended;
  if (kind.startsWith('ws')) expect(end.closeCode).toBe(close ?? { invalid_argument: 4003 }[status]);
  else expect(end.code).toBe(status);
  await bystanders.talk();
  bystanders.check();
}

const malformed = (detail: RegExp, close?: number): Ending => ({
  reason: Reason.MALFORMED,
  status: 'invalid_argument',
  detail,
  ...(close === undefined ? {} : { close }),
});
const tooLarge = (detail: RegExp): Ending => ({
  reason: Reason.TOO_LARGE,
  status: 'resource_exhausted',
  detail,
  close: 1009,
});

describe.each(['grpc', 'grpc-web', 'connect'] as const)('an envelope over %s', (kind) => {
  const encoding = { [kind === 'connect' ? 'connect-content-encoding' : 'grpc-encoding']: 'gzip' };
  const wrapped = (frame: Uint8Array) => lengthField(1, frame);

  const rows: readonly (readonly [string, Uint8Array, Ending, ('half-close' | 'gzip')?])[] = [
    [
      'that announces more than the limit',
      framed(new Uint8Array(0), 0, limit + 1),
      tooLarge(/larger than the limit of 279552/),
    ],
    ['that announces 4 GiB', framed(new Uint8Array(0), 0, 0xffff_ffff), tooLarge(/larger than the limit/)],
    [
      'that is cut off by a half-close',
      framed(new Uint8Array(3), 0, 10),
      malformed(/ends within an envelope/),
      'half-close',
    ],
    ['whose header is cut off', new Uint8Array([0, 0]), malformed(/ends within an envelope/), 'half-close'],
    ['with unknown flags', framed(new Uint8Array(0), 0x40), malformed(/unknown flags 64/)],
    [
      'that is compressed in no way that was named',
      framed(new Uint8Array(3), 1),
      malformed(/names no encoding/),
    ],
    ['that is no gzip', framed(new Uint8Array(30), 1), malformed(/not valid gzip/), 'gzip'],
    [
      'of 4 KiB that becomes 4 MiB',
      framed(gzipSync(new Uint8Array(4 * kib * kib)), 1),
      tooLarge(/larger than the limit/),
      'gzip',
    ],
    [
      'that holds no ConnectRequest',
      framed(new Uint8Array([0x0a, 5, 1])),
      malformed(/ConnectRequest: malformed/),
    ],
    [
      'that holds the frame twice',
      framed(Buffer.concat([wrapped(varintField(2, 1)), wrapped(varintField(2, 1))])),
      malformed(/given twice/),
    ],
  ];

  test.for(rows)('%s ends the stream', async ([, bytes, ending, how]) => {
    const client = await joined(kind, how === 'gzip' ? encoding : {});
    const { transport } = client;
    if (!(transport instanceof EnvelopeStream)) throw new Error('unreachable');
    transport.raw(bytes);
    if (how === 'half-close') transport.halfClose();
    await expectEnd(client, kind, ending);
  });
});

describe.each(['connect-json', 'ws-json'] as const)('a JSON text over %s', (kind) => {
  const deep = `{"frame":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;

  test.each<readonly [string, string, Ending]>([
    ['that is cut off', '{"frame":{"seq":', malformed(/JSON/)],
    ['that is none', 'hello', malformed(/JSON/)],
    ['that is empty', '', malformed(/JSON/)],
    ['that is an array', '[1]', malformed(/ConnectRequest/)],
    ['with a text for a number', '{"frame":{"seq":"seven"}}', malformed(/seq/)],
    ['with a number for a text', '{"frame":{"seq":2,"signal":{"to":5}}}', malformed(/Signal\.to/)],
    [
      'with an object for a list',
      '{"frame":{"seq":2,"signal":{"candidates":{"candidates":{}}}}}',
      malformed(/candidates/),
    ],
    ['with a negative seq', '{"frame":{"seq":-1}}', malformed(/seq/)],
    ['with seq above 32 bits', '{"frame":{"seq":4294967296}}', malformed(/seq/)],
    ['with two bodies', '{"frame":{"seq":2,"ping":{},"pong":{}}}', malformed(/oneof/)],
    ['with bytes that are no Base64', '{"frame":{"seq":2,"message":{"payload":"*"}}}', malformed(/payload/)],
    [
      'with half a surrogate pair',
      '{"frame":{"seq":2,"message":{"room":"room","text":"\\ud800"}}}',
      malformed(/text|UTF-?8|string/i),
    ],
    ['of 20,000 lists in each other', deep, malformed(/./)],
    ['above the limit', `{"frame":{"report":{"detail":"${'x'.repeat(limit)}"}}}`, tooLarge(/limit/)],
  ])('%s ends the lane', async (_what, text, ending) => {
    const client = await joined(kind);
    client.transport.message(text);
    await expectEnd(client, kind, ending);
  });

  test('that is not UTF-8 ends the lane', async () => {
    const client = await joined(kind);
    const bytes = Buffer.from('{"frame":{"seq":2,"message":{"room":"room","text":"\xff"}}}', 'latin1');
    client.transport.message(bytes);
    await expectEnd(client, kind, malformed(/utf-?8|text messages|encoded data/i, 1003));
  });

  test('may have fields that the gateway does not know', async () => {
    const client = await joined(kind);
    const to = JSON.stringify(bystanders.someone);
    client.transport.message(
      `{"novel":[1],"frame":{"seq":2,"novel":{"a":null},"__proto__":{"ack":9},"signal":{"to":${to},"novel":"x","control":{"action":"ACTION_CLOSE","detail":"json"}}}}`,
    );
    const frame = await bystanders.listener.untilFrame(
      ({ body }) =>
        body.case === 'signal' &&
        body.value.payload.case === 'control' &&
        body.value.payload.value.detail === 'json',
      'the signal',
    );
    expect(frame.body.value).not.toHaveProperty('$unknown');
    await client.untilAcked(2);
    client.transport.drop();
  });
});

test.each(['grpc', 'grpc-web', 'connect', 'ws-proto'] as const)(
  'a ConnectRequest over %s may have fields that the gateway does not know, before and behind the frame',
  async (kind) => {
    const client = await joined(kind);
    const ping = lengthField(1, client.encode({ case: 'ping', value: { id: 5 } }));
    const novel = Buffer.concat([varintField(900, 1), lengthField(2, 'new')]);
    client.transport.message(Buffer.concat([novel, ping]));
    await client.until('pong');
    client.transport.message(Buffer.concat([ping, novel]));
    await client.until('pong');
    client.transport.drop();
  },
);

describe('a message over ws-proto', () => {
  test.each<readonly [string, Uint8Array | string, Ending]>([
    ['that is text', '{"frame":{}}', malformed(/takes binary messages/, 1003)],
    ['above the limit', new Uint8Array(limit + 1), tooLarge(/279553 bytes or more, limit 279552/)],
    ['without a frame', new Uint8Array(0), malformed(/`frame` is missing/)],
    ['that is cut off', new Uint8Array([0x0a, 5, 1]), malformed(/5 bytes, 1 follow/)],
  ])('%s ends the lane', async (_what, message, ending) => {
    const client = await joined('ws-proto');
    client.transport.message(message);
    await expectEnd(client, 'ws-proto', ending);
  });
});

describe.each(unaryProtocols)('over %s', (protocol) => {
  const isJson = protocol === 'connect-json';
  const authorized = async () => ({ authorization: `Bearer ${await goodToken()}` });
  const getRoom = '/signalbox.v1.RoomService/GetRoom';
  const publish = '/signalbox.v1.RoomService/PublishMessage';
  const request = isJson ? '{"name":"room"}' : lengthField(1, 'room');

  const bad: readonly (readonly [string, Uint8Array | string])[] = isJson
    ? [
        ['cut off', '{"sendKey":'],
        ['of wrong types', '{"sendKey":7,"name":7}'],
        ['not UTF-8', Buffer.from('{"sendKey":"\xff","name":"\xff"}', 'latin1')],
        ['an array', '[]'],
      ]
    : [
        ['cut off', new Uint8Array([0x0a, 5, 1])],
        ['of wrong types', varintField(1, 7)],
        ['not UTF-8', lengthField(1, [0xff])],
        ['of over-long bytes', new Uint8Array(30).fill(0xff)],
      ];

  test.each(bad)('a SendFrames request that is %s is INVALID_ARGUMENT', async (_what, bytes) => {
    expect(await callSendFrames(gateway.url, protocol, bytes)).toMatchObject({ code: 'invalid_argument' });
    await bystanders.talk();
  });

  test('a SendFrames request above the limit is RESOURCE_EXHAUSTED', async () => {
    const large = isJson ? JSON.stringify({ sendKey: 'x'.repeat(limit) }) : lengthField(1, 'x'.repeat(limit));
    expect(await callSendFrames(gateway.url, protocol, large)).toMatchObject({ code: 'resource_exhausted' });
    await bystanders.talk();
  });

  // The unary services are Connect's own router, which calls a binary request that it cannot read INTERNAL, until the
  // gateway says better, and takes bytes of JSON that are not UTF-8 for U+FFFD.
  test.each(bad)('a request of a unary service that is %s is refused', async (what, bytes) => {
    const outcome = await callUnary({
      url: gateway.url,
      path: getRoom,
      protocol,
      request: bytes,
      headers: await authorized(),
    });
    if (!isJson) {
      expect(outcome).toMatchObject({
        code: 'invalid_argument',
        message: expect.stringMatching(/^parse binary/),
      });
    } else expect(outcome.code).toBe(isJson && what === 'not UTF-8' ? 'not_found' : 'invalid_argument');
    expect(outcome.message).not.toBe('');
    await bystanders.talk();
  });

  test('a request of a unary service above 1 MiB is RESOURCE_EXHAUSTED', async () => {
    const text = 'x'.repeat(kib * kib);
    const large = isJson ? JSON.stringify({ name: text }) : lengthField(1, text);
    const outcome = await callUnary({
      url: gateway.url,
      path: getRoom,
      protocol,
      request: large,
      headers: await authorized(),
    });
    expect(outcome.code).toBe('resource_exhausted');
    await bystanders.talk();
  });

  test('unknown fields of a request are ignored', async () => {
    const wider = isJson
      ? '{"name":"room","novel":{"a":[1]}}'
      : Buffer.concat([request as Uint8Array, lengthField(900, 'new')]);
    const outcome = await callUnary({
      url: gateway.url,
      path: getRoom,
      protocol,
      request: wider,
      headers: await authorized(),
    });
    expect(outcome).toMatchObject({ code: 'ok' });
  });

  test('an rpc that does not exist is UNIMPLEMENTED', async () => {
    const outcome = await callUnary({ url: gateway.url, path: `${getRoom}s`, protocol, request });
    expect(outcome).toMatchObject({ code: 'unimplemented', message: expect.stringContaining('GetRooms') });
  });

  test('a name that is no room name is refused, however long, and the connection can be used on', async () => {
    const long = 'x'.repeat(300_000);
    const bytes = isJson ? JSON.stringify({ name: long }) : lengthField(1, long);
    const call = { url: gateway.url, path: getRoom, protocol, headers: await authorized() };
    // A refusal that repeats what was sent does not fit into headers, and the whole HTTP/2 connection ends for it.
    expect(await callUnary({ ...call, request: bytes })).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/^name: .*128 bytes/),
    });
    const update = { path: '/signalbox.v1.RoomService/UpdateRoom', request: '' as string | Uint8Array };
    const mask = Buffer.concat([
      lengthField(1, 'room'),
      lengthField(2, []),
      lengthField(3, lengthField(1, long)),
    ]);
    update.request = isJson ? JSON.stringify({ name: 'room', settings: {}, updateMask: long }) : mask;
    const outcome = await callUnary({ ...call, ...update });
    expect(outcome.code).toBe('invalid_argument');
    expect(outcome.message.length).toBeLessThan(200);
  });

  test('a unary service takes no token that is forged, ended or missing', async () => {
    const call = (headers: Record<string, string>) =>
      callUnary({ url: gateway.url, path: getRoom, protocol, request, headers });
    expect(await call(await authorized())).toMatchObject({ code: 'ok' });
    const refused: [string, string][] = [];
    for (const [what, make, reason, detail] of forgedTokens) {
      const token = await make();
      if (token.length > 16_000) continue;
      const outcome = await call({ authorization: `Bearer ${token}` });
      expect(outcome.message).toMatch(detail);
      refused.push([what, outcome.code]);
      const [error] = outcome.details;
      if (error === undefined) continue;
      expect(error.type).toBe(FrameErrorSchema.typeName);
      expect(enumToJson(ReasonSchema, fromBinary(FrameErrorSchema, error.value).reason)).toBe(
        `REASON_${reason}`,
      );
    }
    expect(new Set(refused.map(([, code]) => code))).toEqual(new Set(['unauthenticated']));
    expect(refused).toHaveLength(forgedTokens.length - 1);
    expect(await call({})).toMatchObject({ code: 'unauthenticated' });
    const participant = await gateway.token({ identity: 'no-backend' });
    expect(await call({ authorization: `Bearer ${participant}` })).toMatchObject({
      code: 'permission_denied',
    });
  });

  test('a message that a backend publishes is held to the limit of messages', async () => {
    const text = 'x'.repeat(16 * kib + 1);
    const message = isJson
      ? JSON.stringify({ message: { room: 'room', messageType: 'chat', text } })
      : lengthField(1, Buffer.concat([lengthField(1, 'room'), lengthField(3, 'chat'), lengthField(6, text)]));
    const outcome = await callUnary({
      url: gateway.url,
      path: publish,
      protocol,
      request: message,
      headers: await authorized(),
    });
    expect(['invalid_argument', 'resource_exhausted']).toContain(outcome.code);
    await bystanders.talk();
    bystanders.check();
  });
});
