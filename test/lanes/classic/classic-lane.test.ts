import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  NegotiationControl_Action as Action,
  SessionDescription_Type as SdpType,
} from '../../../gen/signalbox/v1/signal_pb.ts';
import type { LaneServer, SeenLane } from '../websocket/lane-server.ts';
import { waitUntil } from '../websocket/wait-until.ts';
import { clientFrames, entry, Page, registeredPage, say, startClassic } from './classic-core.ts';

let server: LaneServer;
beforeEach(async () => {
  server = await startClassic();
});
afterEach(() => server.close());

const lastFrame = (seen: SeenLane) => clientFrames(seen).at(-1);
const fromBob = (body: MessageInitShape<typeof ServerFrameSchema>['body'], seq = 2) => ({
  seq,
  origin: { sender: '2.b.1' },
  ...(body === undefined ? {} : { body }),
});

describe('register', () => {
  test('becomes Hello with a token for the id and Join of the default room, and is confirmed with who is there', async () => {
    const { page, seen } = await registeredPage(server);
    expect(seen.lane.transport).toBe('classic');
    const [hello, join] = clientFrames(seen);
    expect([hello?.seq, hello?.body.case]).toEqual([0, 'hello']);
    expect(hello?.body.value).toMatchObject({ token: 'token of ann', deviceId: 'classic' });
    expect([join?.seq, join?.body.case]).toEqual([1, 'join']);
    expect(join?.body.value).toMatchObject({ room: 'lobby', name: 'ann' });
    expect(page.got).toEqual([
      { type: 'register_response', success: true, data: { id: 'ann', room: 'lobby', participants: ['bob'] } },
    ]);
    page.socket.terminate();
  });

  const forms: readonly [string, string, unknown, object][] = [
    [
      'the room in data',
      '/ws',
      { type: 'register', data: { id: 'x', room: 'r1' } },
      { room: 'r1', name: 'x' },
    ],
    [
      'the room in the URL',
      '/ws?room=r%202',
      { type: 'register', data: { id: 'x' } },
      { room: 'r 2', name: 'x' },
    ],
    ['the room beside type', '/ws', { type: 'register', id: 'x', room: 'r3' }, { room: 'r3', name: 'x' }],
    ['data that is the id', '/ws', { type: 'register', data: 'x' }, { room: 'lobby', name: 'x' }],
    ['an id that is a number', '/ws', { type: 'register', data: { id: 7 } }, { room: 'lobby', name: '7' }],
    [
      'a name',
      '/ws',
      { type: 'register', data: { id: 'x', name: 'Xaver' } },
      { room: 'lobby', name: 'Xaver' },
    ],
  ];
  test.each(forms)('takes %s', async (_what, path, message, join) => {
    const page = await new Page(server, path).open();
    page.send(message);
    const seen = await server.lane();
    await waitUntil(() => seen.frames.length === 2, 'Hello and Join');
    expect(lastFrame(seen)?.body.value).toMatchObject(join);
    page.socket.terminate();
  });

  test('uses the token that the page brings', async () => {
    const page = await new Page(server).open();
    page.send({ type: 'register', data: { id: 'x', token: 'mine' } });
    const seen = await server.lane();
    await waitUntil(() => seen.frames.length === 2, 'Hello and Join');
    expect(clientFrames(seen)[0]?.body.value).toMatchObject({ token: 'mine' });
    page.socket.terminate();
  });

  test('holds what the page sends behind it until the room is joined', async () => {
    const page = await new Page(server).open();
    page.send({ type: 'register', data: { id: 'ann' } });
    page.send({ type: 'offer', to: 'bob', data: { sdp: 'v=0' } });
    const seen = await server.lane();
    await waitUntil(() => seen.frames.length === 2, 'Hello and Join');
    await sleep(20);
    expect(seen.frames).toHaveLength(2);
    const participants = [entry('2.b.1', 'bob')];
    say(seen, {
      seq: 1,
      body: {
        case: 'joined',
        value: { room: 'lobby', participant: entry('9.a.1', 'ann'), participants, rosterComplete: true },
      },
    });
    await waitUntil(() => clientFrames(seen).some(({ body }) => body.case === 'signal'), 'the offer');
    page.socket.terminate();
  });

  test('is refused when no token can be made, and may be tried again', async () => {
    let allowed = false;
    const strict = await startClassic({}, async (id) => {
      if (!allowed) throw new Error('bring a token');
      return id;
    });
    const page = await new Page(strict).open();
    page.send({ type: 'register', data: { id: 'ann' } });
    expect(await page.message(0)).toEqual({
      type: 'register_response',
      success: false,
      data: { reason: 'DENIED', message: 'bring a token' },
    });
    allowed = true;
    page.send({ type: 'register', data: { id: 'ann' } });
    await waitUntil(() => strict.seen[0]?.frames.length === 2, 'Hello and Join');
    page.socket.terminate();
    await strict.close();
  });

  test('tells the refusal of a join, and joins another room on the same connection', async () => {
    const page = await new Page(server).open();
    page.send({ type: 'register', data: { id: 'ann', room: 'full' } });
    const seen = await server.lane();
    await waitUntil(() => seen.frames.length === 2, 'Hello and Join');
    say(seen, {
      seq: 1,
      body: { case: 'error', value: { seq: 1, reason: Reason.ROOM_FULL, detail: 'the room is full' } },
    });
    expect(await page.message(0)).toEqual({
      type: 'register_response',
      success: false,
      data: { reason: 'ROOM_FULL', message: 'the room is full' },
    });
    page.send({ type: 'register', data: { id: 'bert' } });
    expect(await page.message(1)).toMatchObject({ success: false, data: { reason: 'DENIED' } });
    page.send({ type: 'register', data: { id: 'ann', room: 'other' } });
    await waitUntil(
      () => lastFrame(seen)?.body.case === 'join' && lastFrame(seen)?.seq === 2,
      'the second Join',
    );
    page.socket.terminate();
  });

  test('tells that the page waits in the lobby, and that it was let in', async () => {
    const page = await new Page(server).open();
    page.send({ type: 'register', data: { id: 'ann' } });
    const seen = await server.lane();
    await waitUntil(() => seen.frames.length === 2, 'Hello and Join');
    say(seen, { seq: 1, body: { case: 'joinPending', value: { room: 'lobby', reason: Reason.LOBBY } } });
    expect(await page.message(0)).toEqual({ type: 'register_pending', data: { reason: 'LOBBY' } });
    page.send({ type: 'offer', to: 'bob', data: 'v=0' });
    expect(await page.message(1)).toMatchObject({ type: 'error', data: { reason: 'NOT_JOINED', to: 'bob' } });
    say(seen, {
      seq: 2,
      body: {
        case: 'joined',
        value: { room: 'lobby', participant: entry('9.a.1', 'ann'), rosterComplete: true },
      },
    });
    expect(await page.message(2)).toMatchObject({ type: 'register_response', success: true });
    page.socket.terminate();
  });

  test('twice confirms again', async () => {
    const { page } = await registeredPage(server);
    page.send({ type: 'register', data: { id: 'ann' } });
    expect(await page.message(1)).toEqual(page.got[0]);
    page.socket.terminate();
  });

  test('is refused with the reason of Closed when the session cannot be opened', async () => {
    const page = await new Page(server).open();
    page.send({ type: 'register', data: { id: 'ann' } });
    const seen = await server.lane();
    await waitUntil(() => seen.frames.length === 2, 'Hello and Join');
    say(seen, { body: { case: 'closed', value: { reason: Reason.TOKEN_INVALID, detail: 'no' } } });
    seen.lane.end({ status: 'unauthenticated', message: 'no' });
    expect(await page.message(0)).toMatchObject({
      success: false,
      data: { reason: 'TOKEN_INVALID', message: 'no' },
    });
    await waitUntil(() => page.closed !== undefined, 'the close');
    expect(page.closed).toEqual({ code: 4016, reason: 'no' });
    expect(seen.causes).toEqual([]);
  });
});

describe('the roster', () => {
  test('is told as it changes, by identity', async () => {
    const { page, seen } = await registeredPage(server);
    say(seen, {
      body: {
        case: 'rosterDelta',
        value: { room: 'lobby', offset: 2, joined: [entry('9.a.1', 'ann'), entry('4.c.1', 'cy')] },
      },
    });
    say(seen, {
      body: { case: 'rosterDelta', value: { room: 'lobby', offset: 3, left: [{ id: '2.b.1' }] } },
    });
    await page.message(2);
    expect(page.got.slice(1)).toEqual([
      { type: 'participant_joined', data: { id: 'cy', room: 'lobby' } },
      { type: 'participant_left', data: { id: 'bob', room: 'lobby' } },
    ]);
    page.socket.terminate();
  });

  test('a page that is out of the room is told, and may register again', async () => {
    const { page, seen } = await registeredPage(server);
    say(seen, {
      seq: 2,
      body: { case: 'left', value: { room: 'lobby', reason: Reason.REMOVED, detail: 'rude' } },
    });
    expect(await page.message(1)).toEqual({ type: 'left', data: { reason: 'REMOVED', message: 'rude' } });
    page.send({ type: 'offer', to: 'bob', data: 'v=0' });
    expect(await page.message(2)).toMatchObject({ type: 'error', data: { reason: 'NOT_JOINED' } });
    page.send({ type: 'register', data: { id: 'ann' } });
    await waitUntil(() => lastFrame(seen)?.body.case === 'join', 'another Join');
    page.socket.terminate();
  });
});

describe('what a page sends', () => {
  const o = (id: string) => `v=0\r\no=- ${id} 2 IN IP4 127.0.0.1\r\n`;
  const sdp = o('77');
  const descriptions: readonly [string, unknown][] = [
    ['{type, sdp}', { type: 'offer', to: 'bob', data: { type: 'offer', sdp } }],
    ['{sdp}', { type: 'offer', to: 'bob', data: { sdp } }],
    ['the text itself', { type: 'offer', to: 'bob', data: sdp }],
    ['JSON in a string', { type: 'offer', to: 'bob', data: JSON.stringify({ type: 'offer', sdp }) }],
    ['{offer: {sdp}}', { type: 'offer', to: 'bob', data: { offer: { type: 'offer', sdp } } }],
    ['{sdp: {sdp}}', { type: 'offer', to: 'bob', data: { sdp: { type: 'offer', sdp } } }],
    ['sdp beside type', { type: 'offer', to: 'bob', sdp }],
    ['offer beside type', { type: 'offer', to: 'bob', offer: { type: 'offer', sdp } }],
    ['a participant id as `to`', { type: 'offer', to: '2.b.1', data: { sdp } }],
  ];
  test.each(descriptions)('an offer as %s becomes a Signal', async (_what, message) => {
    const { page, seen } = await registeredPage(server);
    page.send(message);
    await waitUntil(() => lastFrame(seen)?.body.case === 'signal', 'the signal');
    const frame = lastFrame(seen);
    expect([frame?.seq, frame?.ack]).toEqual([2, 1]);
    expect(frame?.body.value).toMatchObject({
      to: '2.b.1',
      connectionId: 'main.n1',
      negotiationId: 1,
      payload: { case: 'description', value: { sdpType: SdpType.OFFER, sdp } },
    });
    page.socket.terminate();
  });

  const line = 'candidate:1 1 udp 1 10.0.0.1 5000 typ host';
  const init = { candidate: line, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'uf' };
  const plain = { candidate: line, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'uf' };
  const candidates: readonly [string, unknown, object][] = [
    ['an RTCIceCandidateInit', { type: 'candidate', to: 'bob', data: init }, { candidates: [plain] }],
    ['ice-candidate', { type: 'ice-candidate', to: 'bob', data: init }, { candidates: [plain] }],
    [
      '{candidate: {…}}',
      { type: 'candidate', to: 'bob', data: { candidate: init } },
      { candidates: [plain] },
    ],
    ['candidate beside type', { type: 'candidate', to: 'bob', candidate: init }, { candidates: [plain] }],
    ['a string', { type: 'candidate', to: 'bob', data: `a=${line}` }, { candidates: [{ candidate: line }] }],
    [
      'a list',
      { type: 'candidates', to: 'bob', data: [init, line] },
      { candidates: [plain, { candidate: line }] },
    ],
    [
      'null members',
      { type: 'candidate', to: 'bob', data: { candidate: line, sdpMid: null, sdpMLineIndex: 1 } },
      { candidates: [{ candidate: line, sdpMLineIndex: 1 }] },
    ],
    [
      'null at the end',
      { type: 'candidate', to: 'bob', data: null },
      { endOfCandidates: true, candidates: [] },
    ],
    [
      'an event at the end',
      { type: 'candidate', to: 'bob', data: { candidate: null } },
      { endOfCandidates: true, candidates: [] },
    ],
    [
      'an end of one section',
      { type: 'candidate', to: 'bob', data: { candidate: '', sdpMid: '1' } },
      { candidates: [{ candidate: '', sdpMid: '1' }] },
    ],
  ];
  test.each(candidates)('candidates as %s become a Signal', async (_what, message, value) => {
    const { page, seen } = await registeredPage(server);
    page.send(message);
    await waitUntil(() => lastFrame(seen)?.body.case === 'signal', 'the signal');
    expect(lastFrame(seen)?.body.value).toMatchObject({
      to: '2.b.1',
      payload: { case: 'candidates', value },
    });
    page.socket.terminate();
  });

  test('an answer repeats the round of the offer it answers', async () => {
    const { page, seen } = await registeredPage(server);
    page.send({ type: 'answer', to: 'bob', data: { sdp } });
    expect(await page.message(1)).toMatchObject({
      type: 'error',
      data: { reason: 'MALFORMED', field: 'type', to: 'bob' },
    });
    const value = {
      connectionId: 'main.bob',
      negotiationId: 6,
      payload: { case: 'description', value: { sdpType: SdpType.OFFER, sdp } },
    } as const;
    say(seen, fromBob({ case: 'signal', value }));
    await page.message(2);
    page.send({ type: 'answer', to: 'bob', data: { sdp } });
    await waitUntil(() => lastFrame(seen)?.body.case === 'signal', 'the answer');
    expect(lastFrame(seen)?.body.value).toMatchObject({ connectionId: 'main.bob', negotiationId: 6 });
    page.socket.terminate();
  });

  test('bye closes the connection: what follows is a new one', async () => {
    const { page, seen } = await registeredPage(server);
    page.send({ type: 'offer', to: 'bob', data: sdp });
    page.send({ type: 'bye', to: 'bob' });
    page.send({ type: 'offer', to: 'bob', data: sdp });
    await waitUntil(() => seen.frames.length >= 6, 'three signals');
    const signals = clientFrames(seen).flatMap(({ body }) => (body.case === 'signal' ? [body.value] : []));
    expect(signals.map(({ connectionId, payload }) => [connectionId, payload.case])).toEqual([
      ['main.n1', 'description'],
      ['main.n1', 'control'],
      ['main.n2', 'description'],
    ]);
    expect(signals[1]?.payload.value).toMatchObject({ action: Action.CLOSE });
    page.socket.terminate();
  });

  test('a type without a meaning in WebRTC becomes a DataMessage to that participant', async () => {
    const { page, seen } = await registeredPage(server);
    page.send({ type: 'chat', to: 'bob', data: { text: 'hi', n: 1 } });
    await waitUntil(() => lastFrame(seen)?.body.case === 'message', 'the message');
    expect(lastFrame(seen)?.body.value).toMatchObject({
      room: 'lobby',
      messageType: 'chat',
      toParticipant: '2.b.1',
      content: { case: 'text', value: '{"text":"hi","n":1}' },
    });
    page.socket.terminate();
  });

  test('leave leaves the room; a ping is answered; a pong is nothing', async () => {
    const { page, seen } = await registeredPage(server);
    page.send({ type: 'pong' });
    page.send({ type: 'ping' });
    expect(await page.message(1)).toEqual({ type: 'pong' });
    page.send({ type: 'leave' });
    await waitUntil(() => lastFrame(seen)?.body.case === 'leave', 'the leave');
    expect(lastFrame(seen)?.body.value).toMatchObject({ room: 'lobby' });
    page.socket.terminate();
  });

  const faults: readonly [string, unknown, object][] = [
    ['no JSON', 'hello', { reason: 'MALFORMED', field: '' }],
    ['a number', '7', { reason: 'MALFORMED', field: '' }],
    ['a list', '[]', { reason: 'MALFORMED', field: '' }],
    ['null', 'null', { reason: 'MALFORMED', field: '' }],
    ['no type', { to: 'bob' }, { reason: 'MALFORMED', field: 'type' }],
    ['a type that is no string', { type: 7 }, { reason: 'MALFORMED', field: 'type' }],
    ['a `to` that is an object', { type: 'offer', to: {} }, { reason: 'MALFORMED', field: 'to' }],
    ['no `to`', { type: 'offer', data: sdp }, { reason: 'MALFORMED', field: 'to' }],
    ['a chat without `to`', { type: 'chat', data: 'x' }, { reason: 'MALFORMED', field: 'to' }],
    [
      'an offer without a description',
      { type: 'offer', to: 'bob' },
      { reason: 'MALFORMED', field: 'data.sdp', to: 'bob' },
    ],
    [
      'an offer of numbers',
      { type: 'offer', to: 'bob', data: { sdp: 5 } },
      { reason: 'MALFORMED', field: 'data.sdp', to: 'bob' },
    ],
    [
      'an endless wrapping',
      { type: 'offer', to: 'bob', data: { sdp: { sdp: { sdp: { sdp: 'v=0' } } } } },
      { reason: 'MALFORMED', field: 'data.sdp', to: 'bob' },
    ],
    [
      'a candidate without one',
      { type: 'candidate', to: 'bob', data: { sdpMid: '0' } },
      { reason: 'MALFORMED', field: 'data.candidate', to: 'bob' },
    ],
    [
      'a candidate that is a number',
      { type: 'candidate', to: 'bob', data: 5 },
      { reason: 'MALFORMED', field: 'data.candidate', to: 'bob' },
    ],
    ['a register without an id', { type: 'register' }, { reason: 'MALFORMED', field: 'data.id' }],
    [
      'a receiver that is not there',
      { type: 'offer', to: 'zoe', data: sdp },
      { reason: 'UNKNOWN_RECIPIENT', to: 'zoe' },
    ],
    [
      'a receiver named like an object member',
      { type: 'offer', to: '__proto__', data: sdp },
      { reason: 'UNKNOWN_RECIPIENT', to: '__proto__' },
    ],
  ];
  test.each(faults)(
    '%s gets an error that names the field, and the page goes on',
    async (_what, message, data) => {
      const { page, seen } = await registeredPage(server);
      page.send(message);
      expect(await page.message(1)).toMatchObject({ type: 'error', data });
      page.send({ type: 'offer', to: 'bob', data: sdp });
      await waitUntil(() => lastFrame(seen)?.body.case === 'signal', 'a good message');
      expect(seen.violations).toEqual([]);
      page.socket.terminate();
    },
  );

  test.each(['constructor', 'toString', '__proto__'])(
    "the type %s is the application's own",
    async (type) => {
      const { page, seen } = await registeredPage(server);
      page.send(`{"type":${JSON.stringify(type)},"to":"bob","data":1}`);
      await waitUntil(() => lastFrame(seen)?.body.case === 'message', 'the message');
      expect(lastFrame(seen)?.body.value).toMatchObject({ messageType: type });
      page.socket.terminate();
    },
  );

  test('anything but register, before it, is answered with how to register', async () => {
    const page = await new Page(server).open();
    page.send({ type: 'offer', to: 'bob', data: sdp });
    expect(await page.message(0)).toMatchObject({
      type: 'error',
      data: { reason: 'NOT_JOINED', message: expect.stringContaining('register') },
    });
    page.socket.terminate();
  });

  test('a refusal by the core is told with the receiver that it was about', async () => {
    const { page, seen } = await registeredPage(server);
    page.send({ type: 'offer', to: 'bob', data: sdp });
    await waitUntil(() => lastFrame(seen)?.seq === 2, 'the signal');
    say(seen, {
      seq: 2,
      ack: 2,
      body: { case: 'error', value: { seq: 2, reason: Reason.RECIPIENT_LEFT, detail: 'gone' } },
    });
    expect(await page.message(1)).toEqual({
      type: 'error',
      data: { reason: 'RECIPIENT_LEFT', message: 'gone', to: 'bob' },
    });
    page.socket.terminate();
  });
});

describe('what a page gets', () => {
  const line = 'candidate:1 1 udp 1 10.0.0.1 5000 typ host';

  test('an offer, an answer and candidates come as their own messages, one for each candidate', async () => {
    const { page, seen } = await registeredPage(server);
    const ids = { connectionId: 'main.bob', negotiationId: 1 };
    say(
      seen,
      fromBob({
        case: 'signal',
        value: { ...ids, payload: { case: 'description', value: { sdpType: SdpType.OFFER, sdp: 'v=0' } } },
      }),
      fromBob(
        {
          case: 'signal',
          value: {
            ...ids,
            payload: {
              case: 'candidates',
              value: {
                candidates: [
                  { candidate: line, sdpMid: '0' },
                  { candidate: line, sdpMLineIndex: 1, usernameFragment: 'u' },
                ],
                endOfCandidates: true,
              },
            },
          },
        },
        3,
      ),
    );
    await page.message(3);
    const address = { from: 'bob', to: 'ann' };
    expect(page.got.slice(1)).toEqual([
      { type: 'offer', ...address, data: { type: 'offer', sdp: 'v=0' } },
      {
        type: 'candidate',
        ...address,
        data: { candidate: line, sdpMid: '0', sdpMLineIndex: null, usernameFragment: null },
      },
      {
        type: 'candidate',
        ...address,
        data: { candidate: line, sdpMid: null, sdpMLineIndex: 1, usernameFragment: 'u' },
      },
    ]);
    page.socket.terminate();
  });

  test("candidates come under the page's own word for them", async () => {
    const { page, seen } = await registeredPage(server);
    page.send({ type: 'ice-candidate', to: 'bob', data: line });
    await waitUntil(() => lastFrame(seen)?.body.case === 'signal', 'the signal');
    say(
      seen,
      fromBob({
        case: 'signal',
        value: { payload: { case: 'candidates', value: { candidates: [{ candidate: line }] } } },
      }),
    );
    expect(await page.message(1)).toMatchObject({ type: 'ice-candidate' });
    page.socket.terminate();
  });

  const controls: readonly [Action, string][] = [
    [Action.CLOSE, 'bye'],
    [Action.REQUEST_OFFER, 'request_offer'],
    [Action.REQUEST_ICE_RESTART, 'request_ice_restart'],
    [Action.REJECT, 'reject'],
  ];
  test.each(controls)('control %i comes as %s', async (action, type) => {
    const { page, seen } = await registeredPage(server);
    const value = { action, reason: Reason.INCOMPATIBLE_MEDIA };
    say(seen, fromBob({ case: 'signal', value: { payload: { case: 'control', value } } }));
    expect(await page.message(1)).toEqual({
      type,
      from: 'bob',
      to: 'ann',
      data: { reason: 'INCOMPATIBLE_MEDIA' },
    });
    page.socket.terminate();
  });

  test('messages come under their type, with JSON text parsed and other text as it is', async () => {
    const { page, seen } = await registeredPage(server);
    const texts = ['{"a":1}', 'plain', ''];
    say(
      seen,
      ...texts.map((value, index) =>
        fromBob(
          { case: 'message', value: { messageType: 'chat', content: { case: 'text', value } } },
          index + 2,
        ),
      ),
    );
    await page.message(3);
    expect(page.got.slice(1).map(({ type, from, data }) => [type, from, data])).toEqual([
      ['chat', 'bob', { a: 1 }],
      ['chat', 'bob', 'plain'],
      ['chat', 'bob', ''],
    ]);
    page.socket.terminate();
  });

  test("no participant can speak with the gateway's voice", async () => {
    const { page, seen } = await registeredPage(server);
    const value = {
      messageType: 'participant_left',
      content: { case: 'text', value: '{"id":"bob"}' },
    } as const;
    say(seen, fromBob({ case: 'message', value }));
    expect(await page.message(1)).toEqual({
      type: 'message',
      from: 'bob',
      to: 'ann',
      data: { type: 'participant_left', data: { id: 'bob' } },
    });
    page.socket.terminate();
  });

  test('a signal of a participant that no roster lists comes from its id, and can be answered by it', async () => {
    const { page, seen } = await registeredPage(server);
    const value = {
      connectionId: 'main.h',
      negotiationId: 1,
      payload: { case: 'description', value: { sdpType: SdpType.OFFER, sdp: 'v=0' } },
    } as const;
    say(seen, { seq: 2, origin: { sender: '5.hid.1' }, body: { case: 'signal', value } });
    expect(await page.message(1)).toMatchObject({ from: '5.hid.1' });
    page.send({ type: 'answer', to: '5.hid.1', data: 'v=0' });
    await waitUntil(() => lastFrame(seen)?.body.case === 'signal', 'the answer');
    expect(lastFrame(seen)?.body.value).toMatchObject({ to: '5.hid.1', connectionId: 'main.h' });
    page.socket.terminate();
  });
});

describe('the session', () => {
  test('acknowledges what it gets with a bare ack, never from within write', async () => {
    const { page, seen } = await registeredPage(server);
    const before = seen.frames.length;
    say(
      seen,
      fromBob({ case: 'message', value: { messageType: 'x' } }, 2),
      fromBob({ case: 'message', value: { messageType: 'x' } }, 3),
    );
    expect(seen.frames).toHaveLength(before);
    await waitUntil(() => seen.frames.length > before, 'the ack');
    expect(lastFrame(seen)).toMatchObject({ seq: 0, ack: 3, body: { case: undefined } });
    await sleep(10);
    expect(seen.frames).toHaveLength(before + 1);
    page.socket.terminate();
  });

  test("the gateway's Ping is answered once the page's WebSocket has answered", async () => {
    const { page, seen } = await registeredPage(server);
    const pinged: unknown[] = [];
    page.socket.on('ping', (data) => pinged.push(data));
    say(seen, { body: { case: 'ping', value: { id: 42 } } });
    await waitUntil(() => lastFrame(seen)?.body.case === 'pong', 'the Pong');
    expect(lastFrame(seen)).toMatchObject({ seq: 0, body: { value: { id: 42 } } });
    expect(pinged).toHaveLength(1);
    page.socket.terminate();
  });

  test('a token that the gateway renews is handed in for the page, which knows of none; without one nothing is', async () => {
    const { page, seen } = await registeredPage(server);
    const before = seen.frames.length;
    say(seen, { body: { case: 'tokenExpiring', value: { token: '' } } });
    say(seen, { body: { case: 'tokenExpiring', value: { token: 'renewed' } } });
    await waitUntil(() => seen.frames.length > before, 'the new token');
    const frames = clientFrames(seen).slice(before);
    expect(frames).toMatchObject([{ seq: 2, body: { case: 'refreshToken', value: { token: 'renewed' } } }]);
    expect(page.got).toHaveLength(1);
  });

  test('a page that goes away leaves its room: it cannot resume', async () => {
    const { page, seen } = await registeredPage(server);
    page.socket.close();
    await waitUntil(() => seen.causes.length === 1, 'the end');
    expect(lastFrame(seen)?.body.case).toBe('leave');
    expect(seen.causes).toEqual(['half-closed']);
  });

  test('a page that never registered leaves nothing, and the core never heard of it', async () => {
    const page = await new Page(server).open();
    page.send({ type: 'ping' });
    await page.message(0);
    page.socket.close();
    await waitUntil(() => server.sockets.size === 0, 'the end');
    expect([server.seen.length, server.timers]).toEqual([0, 0]);
  });

  test('a page that does not register in time is told and closed with 4004', async () => {
    const hasty = await startClassic({}, undefined, 30);
    const page = await new Page(hasty).open();
    await waitUntil(() => page.closed !== undefined, 'the close');
    expect(page.got).toMatchObject([{ type: 'error', data: { reason: 'IDLE' } }]);
    expect(page.closed?.code).toBe(4004);
    const registered = await registeredPage(hasty);
    await sleep(60);
    expect(registered.page.closed).toBeUndefined();
    registered.page.socket.terminate();
    await hasty.close();
  });

  test('a lane that the core ends as it is opened is over', async () => {
    const full = await startClassic({
      opened: ({ lane }) => lane.end({ status: 'unavailable', message: 'stopping' }),
    });
    const page = await new Page(full).open();
    page.send({ type: 'register', data: { id: 'ann' } });
    await waitUntil(() => page.closed !== undefined, 'the close');
    expect(page.closed).toEqual({ code: 4014, reason: 'stopping' });
    expect(full.seen[0]?.frames).toEqual([]);
    expect(full.seen[0]?.causes).toEqual([]);
    await full.close();
  });

  test('a core that takes no frames stops the page, its acks and its Pongs; resume delivers them in order', async () => {
    const { page, seen } = await registeredPage(server);
    seen.ready = false;
    for (let index = 0; index < 5; index++) page.send({ type: 'chat', to: 'bob', data: index });
    await waitUntil(() => seen.frames.length === 4, 'the first message');
    say(seen, fromBob({ case: 'message', value: { messageType: 'x' } }, 2));
    await sleep(20);
    expect(seen.frames).toHaveLength(4);
    seen.ready = true;
    seen.lane.resume();
    await waitUntil(
      () => clientFrames(seen).filter(({ body }) => body.case === 'message').length === 5,
      'all messages',
    );
    expect(clientFrames(seen).flatMap(({ seq }) => (seq > 0 ? [seq] : []))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(lastFrame(seen)?.ack).toBe(2);
    page.socket.terminate();
  });

  test('a page that sends and never reads is not read further: replies do not pile up', async () => {
    const { page, seen } = await registeredPage(server);
    page.socket.pause();
    let sent = 0;
    const message = JSON.stringify({ type: 'offer', to: 'x'.repeat(50_000), data: 'v=0' });
    for (; sent < 2000; sent++) page.socket.send(message);
    await sleep(300);
    const [socket] = server.sockets;
    expect(socket?.bytesRead).toBeLessThan(sent * message.length * 0.5);
    expect(socket?.writableLength).toBeLessThan(1_000_000);
    page.socket.resume();
    await waitUntil(() => page.got.length === sent + 1, 'all errors', 15_000);
    expect(seen.violations).toEqual([]);
    page.socket.terminate();
  }, 20_000);

  test('back-pressure of the page is the back-pressure of the lane', async () => {
    const { page, seen } = await registeredPage(server);
    page.socket.pause();
    const text = 'x'.repeat(100_000);
    let seq = 2;
    while (
      seq < 1000 &&
      say(
        seen,
        fromBob(
          { case: 'message', value: { messageType: 'x', content: { case: 'text', value: text } } },
          seq,
        ),
      )
    )
      seq++;
    expect(seq).toBeLessThan(1000);
    page.socket.resume();
    await waitUntil(() => seen.drains === 1, 'the drain');
    await waitUntil(() => page.got.length === seq, 'all messages');
    page.socket.terminate();
  });
});
