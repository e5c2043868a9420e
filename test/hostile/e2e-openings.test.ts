import { create, enumToJson, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Reason, ReasonSchema } from '../../gen/signalbox/v1/reason_pb.ts';
import { ClosedSchema, NextStep, Welcome_Outcome as Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import { ReceiveFramesRequestSchema } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { Bystanders } from '../helpers/bystanders.ts';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import { EnvelopeStream } from '../helpers/envelope-stream.ts';
import { callSendFrames } from '../helpers/halves-lane.ts';
import { encodeFrame, LaneClient } from '../helpers/lane-client.ts';
import { type LaneKind, laneKinds, openLane } from '../helpers/lane-clients.ts';
import { grpcCodes } from '../helpers/lane-end.ts';
import { resumeOf } from '../helpers/resume-point.ts';
import { unaryProtocols } from '../helpers/unary-call.ts';
import { forgedTokens, goodToken } from './forged-tokens.ts';

// Who may not come in is told so in Closed and in the status of the lane, and disturbs nobody.

let gateway: E2eGateway;
let bystanders: Bystanders;
beforeAll(async () => {
  gateway = await startE2eGateway({ limits: { resumeWindowMs: 100 } });
  bystanders = await Bystanders.start(gateway, 'room', ['connect', 'ws-json']);
});
afterAll(async () => {
  await bystanders.talk();
  bystanders.check();
  bystanders.close();
  await gateway.close();
});

/** The lane has ended with this, and with nothing before it. */
async function expectClosed(
  client: LaneClient,
  kind: LaneKind,
  expected: {
    readonly reason: string;
    readonly next: NextStep;
    readonly status: string;
    readonly detail?: RegExp;
  },
): Promise<void> {
  const closed = await client.until('closed');
  expect({ reason: enumToJson(ReasonSchema, closed.reason), next: closed.nextStep }).toEqual({
    reason: `REASON_${expected.reason}`,
    next: expected.next,
  });
  if (expected.detail !== undefined) expect(closed.detail).toMatch(expected.detail);
  expect(client.frames).toHaveLength(1);
  const end = await client.ended;
  expect(end).toMatchObject({ code: expected.status });
  if (kind.startsWith('ws')) expect(end.closeCode).toBe(4000 + grpcCodes.indexOf(expected.status as never));
}

const unauthenticated = { next: NextStep.REAUTHENTICATE, status: 'unauthenticated' };

describe.each(laneKinds)('over %s a token', (kind) => {
  const url = () => gateway.url;

  test.each(forgedTokens)('%s opens no session', async (_what, make, reason, detail) => {
    const token = await make();
    const inHello = await openLane(kind, { url: url(), token });
    await expectClosed(inHello, kind, { ...unauthenticated, reason, detail });
    // Node's and our own limits of headers come before a token of that length.
    if (token.length > 16_000) return;
    const inMetadata = await openLane(kind, { url: url(), headers: { authorization: `Bearer ${token}` } });
    await expectClosed(inMetadata, kind, { ...unauthenticated, reason, detail });
  });

  test('that is missing opens no session', async () => {
    const client = await openLane(kind, { url: url() });
    await expectClosed(client, kind, {
      ...unauthenticated,
      reason: 'TOKEN_INVALID',
      detail: /^a token is needed/,
    });
  });

  test('that is good opens one, in Hello and in the metadata, and a bad one in Hello wins', async () => {
    const token = await goodToken();
    const headers = { authorization: `Bearer ${token}` };
    for (const options of [{ token }, { headers }]) {
      const client = await openLane(kind, { url: url(), ...options });
      await client.until('welcome');
      client.transport.drop();
    }
    const client = await openLane(kind, { url: url(), headers, token: 'none' });
    await expectClosed(client, kind, { ...unauthenticated, reason: 'TOKEN_INVALID' });
  });

  test('that was revoked opens none, and ends the session that it opened', async () => {
    const identity = `revoked-${kind}`;
    const token = await gateway.token({ identity });
    const client = await openLane(kind, { url: url(), token });
    await client.until('welcome');
    const answer = await fetch(`${url()}/signalbox.v1.TokenService/RevokeTokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await goodToken()}` },
      body: JSON.stringify({ identity }),
    });
    expect(await answer.json()).toMatchObject({ sessionsClosed: 1 });
    const revoked = { reason: Reason.TOKEN_REVOKED, nextStep: NextStep.STOP };
    expect(await client.until('closed')).toMatchObject(revoked);
    expect((await client.ended).code).toBe('unauthenticated');
    const again = await openLane(kind, { url: url(), token });
    await expectClosed(again, kind, {
      reason: 'TOKEN_REVOKED',
      next: NextStep.STOP,
      status: 'unauthenticated',
    });
  });

  test('of another identity, or a wrong secret, resumes nothing', async () => {
    const token = await gateway.token({ identity: 'owner' });
    const owner = await openLane('grpc', { url: url(), token });
    const welcome = await owner.until('welcome');
    const resume = resumeOf(owner, welcome);
    const eve = await gateway.token({ identity: 'eve' });
    const stolen = await openLane(kind, { url: url(), token: eve, hello: { resume } });
    expect(await stolen.until('welcome')).toMatchObject({ outcome: Outcome.FRESH, reason: Reason.DENIED });
    for (const guess of [welcome.sendKey, `${welcome.sessionId}.${'A'.repeat(43)}`]) {
      const guessed = await openLane(kind, {
        url: url(),
        token,
        hello: { resume: { ...resume, token: guess } },
      });
      expect(await guessed.until('welcome')).toMatchObject({ outcome: Outcome.FRESH, reason: Reason.DENIED });
      guessed.transport.drop();
    }
    const noToken = await openLane(kind, {
      url: url(),
      hello: { resume: { ...resume, token: 'no.session' } },
    });
    await expectClosed(noToken, kind, { ...unauthenticated, reason: 'TOKEN_INVALID' });
    expect(owner.frames.map(({ body }) => body.case)).toEqual(['welcome']);
    expect(owner.end).toBeUndefined();
    for (const client of [owner, stolen]) client.transport.drop();
  });

  test('comes too late with an attempt that is over: told to stop, and the owner stays', async () => {
    const token = await gateway.token({ identity: 'owner' });
    const first = await openLane('grpc', { url: url(), token });
    const welcome = await first.until('welcome');
    first.transport.drop();
    const resume = resumeOf(first, welcome);
    const owner = await openLane(kind, { url: url(), token, hello: { resume: { ...resume, attempt: 5 } } });
    await owner.until('welcome');
    const late = await openLane(kind, { url: url(), token, hello: { resume: { ...resume, attempt: 4 } } });
    await expectClosed(late, kind, { reason: 'REPLACED', next: NextStep.STOP, status: 'aborted' });
    expect(owner.end).toBeUndefined();
    owner.transport.drop();
  });

  test('with a device_id of 65 bytes is told which field is wrong', async () => {
    const token = await goodToken();
    const client = await openLane(kind, { url: url(), token, hello: { deviceId: 'x'.repeat(65) } });
    const detail = /^hello\.device_id/;
    await expectClosed(client, kind, {
      reason: 'MALFORMED',
      next: NextStep.STOP,
      status: 'invalid_argument',
      detail,
    });
  });
});

const outOfOrder = { reason: 'OUT_OF_ORDER', next: NextStep.STOP, status: 'invalid_argument' };

describe.each(['grpc', 'grpc-web', 'connect', 'connect-json', 'ws-proto', 'ws-json'] as const)(
  'over %s a stream that does not begin with Hello',
  (kind) => {
    test.each([
      ['a join', encodeFrame({ seq: 1, body: { case: 'join', value: { room: 'room' } } }), /frame with join/],
      ['a ping', encodeFrame({ body: { case: 'ping', value: {} } }), /frame with ping/],
      ['an empty frame', encodeFrame({}), /an empty frame/],
    ])('but with %s ends', async (_what, frame, detail) => {
      const client = await openLane(kind, { url: gateway.url, greet: false });
      client.sendFrame(frame);
      await expectClosed(client, kind, { ...outOfOrder, detail });
    });
  },
);

describe('a ReceiveFrames request', () => {
  const receive = (request: Uint8Array) => {
    const client = new LaneClient({ url: gateway.url }, false);
    const stream = new EnvelopeStream('ReceiveFrames', 'grpc-web', false, { url: gateway.url }, client.sink);
    client.start(stream);
    stream.message(request);
    stream.halfClose();
    return client;
  };
  const hello = lengthField(1, lengthField(6, 'device'));

  test.each([
    ['without anything', new Uint8Array(0), outOfOrder],
    [
      'without Hello',
      toBinary(ReceiveFramesRequestSchema, create(ReceiveFramesRequestSchema, { frames: [{ seq: 1 }] })),
      outOfOrder,
    ],
    [
      'with two',
      Buffer.concat([hello, hello]),
      { reason: 'MALFORMED', next: NextStep.STOP, status: 'invalid_argument', detail: /hello given twice/ },
    ],
  ])('%s opens no session', async (_what, request, expected) => {
    await expectClosed(receive(request), 'halves-grpc-web', expected);
  });
});

test.each(['grpc', 'connect-json', 'ws-proto', 'ws-json'] as const)(
  'over %s a connection that says nothing ends at its deadline',
  async (kind) => {
    const impatient = await startE2eGateway({ limits: { handshakeMs: 200 } });
    const client = await openLane(kind, { url: impatient.url, greet: false });
    await expectClosed(client, kind, {
      reason: 'IDLE',
      next: NextStep.RECONNECT,
      status: 'deadline_exceeded',
    });
    await impatient.close();
  },
);

describe.each(unaryProtocols)('SendFrames over %s', (protocol) => {
  const requestOf = (key: string) =>
    protocol === 'connect-json' ? JSON.stringify({ sendKey: key }) : lengthField(1, key);

  test('with a key that opens nothing is refused, whatever it looks like', async () => {
    const token = await goodToken();
    const owner = await openLane('halves-connect', { url: gateway.url, token });
    const { sendKey, sessionId, resumeToken } = await owner.until('welcome');
    expect(await callSendFrames(gateway.url, protocol, requestOf(sendKey))).toMatchObject({ code: 'ok' });
    const keys = [
      '',
      '.',
      'nobody.x',
      sessionId,
      `${sessionId}.`,
      `${sendKey}x`,
      resumeToken,
      `${sessionId}.${'A'.repeat(43)}`,
    ];
    for (const key of keys) {
      const { code, message, details } = await callSendFrames(gateway.url, protocol, requestOf(key));
      expect([key, code]).toEqual([key, 'unauthenticated']);
      expect(message).toMatch(/send_key/);
      if (!protocol.startsWith('connect')) continue;
      const [detail] = details;
      expect(detail?.type).toBe(ClosedSchema.typeName);
      expect(fromBinary(ClosedSchema, detail?.value ?? new Uint8Array())).toMatchObject({
        reason: Reason.TOKEN_INVALID,
      });
    }
    expect(owner.end).toBeUndefined();
    owner.transport.drop();
    await owner.ended;
    // The key ends with its session, and works until then.
    await expect
      .poll(async () => (await callSendFrames(gateway.url, protocol, requestOf(sendKey))).code, {
        timeout: 3000,
      })
      .toBe('unauthenticated');
  });
});
