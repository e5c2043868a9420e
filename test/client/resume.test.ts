import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { ModerationAction } from '../../gen/signalbox/v1/moderation_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep, Welcome_Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { LiveSession } from '../../src/client/live-session.ts';
import { type FakeConnection, FakeGateway } from './fake-gateway.ts';
import { next } from './gateway-kit.ts';
import { openSession, TestWorld } from './session-kit.ts';

const SIGNAL = {
  connectionId: 'c',
  negotiationId: 1,
  payload: { kind: 'candidates' as const, candidates: [] },
};
const TO = '2.other.1';

describe('a session that lost its connection', () => {
  it('asks for itself back with token, attempt, epoch and positions', async () => {
    const { gateway, connection } = await joined();
    connection.send(
      { seq: 1 },
      { seq: 2 },
      { body: { case: 'rosterDelta', value: { room: 'demo', offset: 2, count: 1 } } },
    );
    connection.send({ body: { case: 'rosterDelta', value: { room: 'demo', version: 7, count: 4 } } });
    connection.send({ body: { case: 'ping', value: { id: 1 } } });
    await connection.next('pong');
    connection.drop();
    const again = await gateway.next();
    const { value } = await again.next('hello');
    expect(value.token).toBe('token');
    expect(value.resume).toMatchObject({
      token: 's1.secret',
      attempt: 2,
      epoch: 'e1',
      receivedSeq: 2,
      rooms: [{ room: 'demo', epoch: 'r1', offset: 2, version: 7 }],
    });
  });

  it('counts its attempts on, from what the gateway says', async () => {
    const { gateway, connection } = await joined();
    connection.drop();
    await (await gateway.next()).next('hello');
    gateway.connections.at(-1)?.drop();
    const third = await gateway.next();
    expect((await third.welcome({ outcome: Welcome_Outcome.RESUMED, attempt: 9 })).resume?.attempt).toBe(3);
    third.drop();
    expect((await (await gateway.next()).next('hello')).value.resume?.attempt).toBe(10);
  });

  it('sends again what was not acknowledged, with the same numbers and content, and nothing else', async () => {
    const { gateway, connection, room } = await joined();
    const first = room.signal(TO, SIGNAL);
    const second = room.send('chat', 'two', { to: { participant: TO } });
    const sent = [(await connection.next('signal')).frame, (await connection.next('message')).frame];
    expect(sent.map(({ seq }) => seq)).toEqual([2, 3]);
    connection.send({ ack: 2 });
    await first;
    connection.drop();
    const third = room.send('chat', 'three', { to: { participant: TO } });
    const again = await gateway.next();
    await again.welcome({ outcome: Welcome_Outcome.RESUMED });
    const resent = await again.next('message');
    expect(resent.frame).toEqual(sent[1]);
    expect((await again.next('message')).frame).toMatchObject({ seq: 4 });
    again.send({ ack: 4 });
    await Promise.all([second, third]);
    expect(again.frames.filter(({ seq }) => seq > 0)).toHaveLength(2);
  });

  it('sends nothing of the old session before the gateway has said that it goes on', async () => {
    const { gateway, connection, room } = await joined();
    room.signal(TO, SIGNAL).catch(() => {});
    await connection.next('signal');
    connection.drop();
    const again = await gateway.next();
    await again.next('hello');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(again.frames).toHaveLength(1);
  });

  it('does not process twice what the gateway sends again', async () => {
    const { gateway, connection, room } = await joined();
    const seen: string[] = [];
    room.on('moderation', ({ note }) => seen.push(note));
    const notice = (seq: number) => ({
      seq,
      body: {
        case: 'moderationNotice' as const,
        value: { room: 'demo', action: ModerationAction.MUTE, note: `${seq}` },
      },
    });
    connection.send(notice(1), notice(2));
    await next(room, 'moderation', ({ note }) => note === '2');
    connection.drop();
    const again = await gateway.next();
    await again.welcome({ outcome: Welcome_Outcome.RESUMED });
    const last = next(room, 'moderation', ({ note }) => note === '3');
    again.send(notice(2), notice(3));
    await last;
    expect(seen).toEqual(['1', '2', '3']);
  });

  it('drops by sender what a store that lost its memory hands over again', async () => {
    const { connection, room } = await joined();
    const seen: number[] = [];
    room.on('signal', ({ negotiationId }) => seen.push(negotiationId));
    const resync = next(room, 'resync');
    connection.send(signalFrom(1, 1), signalFrom(2, 2));
    connection.send({
      body: { case: 'resync', value: { epoch: 'e2', nextSeq: 2, reason: Reason.EPOCH_LOST } },
    });
    expect(await resync).toMatchObject({ cause: 'inbox' });
    const last = next(room, 'signal', ({ negotiationId }) => negotiationId === 3);
    connection.send(signalFrom(2, 2), signalFrom(3, 3));
    await last;
    expect(seen).toEqual([1, 2, 3]);
  });

  it('goes on under a fresh session: rooms joined again, the rest reported as unknown', async () => {
    const { gateway, connection, room, session } = await joined();
    const updated = room.update({ name: 'Ada L.', attributes: { seat: '2' } });
    const will = room.setWill('chat', 'gone');
    const { frame } = await connection.next('setWill');
    connection.send({ ack: frame.seq });
    await Promise.all([updated, will]);
    const lost = room.signal(TO, { ...SIGNAL, wantReceipt: true });
    const receipted = lost.catch((error: unknown) => error);
    await connection.next('signal');
    const closes: unknown[] = [];
    room.on('closed', (closed) => closes.push(closed));
    connection.drop();
    const again = await gateway.next();
    await again.welcome({
      sessionId: 's2',
      resumeToken: 's2.secret',
      outcome: Welcome_Outcome.FRESH,
      reason: Reason.WINDOW_EXPIRED,
    });
    expect(await receipted).toMatchObject({ reason: 'outcome_unknown' });
    const rejoined = next(room, 'resync');
    const left = next(room, 'left');
    const join = await again.join('3.s2.1', {
      offset: 9,
      participants: [{ id: '4.bo.2', identity: 'bo', replaces: '2.bo.1' }],
    });
    expect(join).toMatchObject({
      room: 'demo',
      name: 'Ada L.',
      replaces: '1.s1.1',
      attributes: { seat: '2' },
    });
    expect(again.frames.find(({ body }) => body.case === 'join')?.seq).toBe(1);
    expect((await again.next('setWill')).value.message?.content.value).toBe('gone');
    expect(await left).toMatchObject({ id: '2.bo.1', replacedBy: '4.bo.2' });
    expect(await rejoined).toEqual({ cause: 'rejoined', missedMessages: true, previousId: '1.s1.1' });
    expect(room.self.id).toBe('3.s2.1');
    expect(session.id).toBe('s2');
    expect(closes).toEqual([]);
  });

  it.each([
    ['of the same log what is newer', 'r1', ['second']],
    ['of another log everything: none of it was read', 'r2', ['first', 'second']],
  ])('hears after a rejoin, %s', async (_what, epoch, heard) => {
    const { gateway, connection, room } = await joined();
    const contents: unknown[] = [];
    room.on('message', ({ content }) => contents.push(content));
    connection.drop();
    const again = await gateway.next();
    await again.welcome({ sessionId: 's2', resumeToken: 's2.secret', outcome: Welcome_Outcome.FRESH });
    const resync = next(room, 'resync');
    const said = (text: string, offset: number) => ({
      message: {
        type: 'chat',
        content: { case: 'text' as const, value: text },
        delivery: DeliveryClass.RELIABLE,
      },
      origin: { sender: TO, identity: 'bo', offset },
    });
    await again.join('3.s2.1', { epoch, offset: 2, history: [said('first', 1), said('second', 2)] });
    await resync;
    expect(contents).toEqual(heard);
  });

  it('closes a room that it may not join again, and only that', async () => {
    const { gateway, connection, room, session } = await joined();
    connection.drop();
    const again = await gateway.next();
    await again.welcome({ sessionId: 's2', resumeToken: 's2.secret', outcome: Welcome_Outcome.FRESH });
    const closed = next(room, 'closed');
    const { frame } = await again.next('join');
    again.send({
      seq: 1,
      ack: frame.seq,
      body: { case: 'error', value: { seq: frame.seq, reason: Reason.ROOM_FULL } },
    });
    expect(await closed).toMatchObject({ reason: 'room_full' });
    await expect(room.send('chat', 'x')).rejects.toMatchObject({ reason: 'not_joined' });
    expect(session.state.status).toBe('connected');
  });
});

describe('an end that the gateway explains', () => {
  it('is final where it says stop', async () => {
    const { connection, session, room } = await joined();
    const closed = next(room, 'closed');
    const pending = room.send('chat', 'x').catch((error: unknown) => error);
    await connection.next('message');
    connection.send(closedFrame(Reason.REPLACED, NextStep.STOP));
    expect(await closed).toMatchObject({ reason: 'replaced' });
    expect(session.state).toMatchObject({ status: 'closed', reason: 'replaced', next: 'stop' });
    expect(await pending).toMatchObject({ reason: 'outcome_unknown', next: 'stop' });
    await expect(session.join('other')).rejects.toMatchObject({ reason: 'replaced', next: 'stop' });
  });

  it('opens a new session where it says reconnect, after the time that it asks for', async () => {
    const { gateway, connection } = await joined();
    const began = performance.now();
    connection.send(closedFrame(Reason.OVERLOADED, NextStep.RECONNECT, 300));
    const again = await gateway.next();
    expect((await again.next('hello')).value.resume).toBeUndefined();
    expect(performance.now() - began).toBeGreaterThan(290);
  });

  it('fetches a new token where it says reauthenticate, and keeps the session', async () => {
    let tokens = 0;
    const token = async () => {
      tokens += 1;
      return `token-${tokens}`;
    };
    const { gateway, connection } = await joined({ token });
    connection.send(closedFrame(Reason.TOKEN_EXPIRED, NextStep.REAUTHENTICATE));
    const { value } = await (await gateway.next()).next('hello');
    expect(value.token).toBe('token-2');
    expect(value.resume?.token).toBe('s1.secret');
  });

  it('is final where a new token is wanted and there is none', async () => {
    const { connection, session, room } = await joined();
    const closed = next(room, 'closed');
    connection.send(closedFrame(Reason.TOKEN_EXPIRED, NextStep.REAUTHENTICATE));
    await closed;
    expect(session.state).toMatchObject({
      status: 'closed',
      reason: 'token_expired',
      next: 'reauthenticate',
    });
  });

  it('gives up on tokens that are refused again and again', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const session = openSession(gateway, { token: async () => 'bad' });
    const refused = session.opened.catch((error: unknown) => error);
    for (let n = 0; n < 4; n += 1) {
      const connection = await gateway.next();
      await connection.next('hello');
      connection.send(closedFrame(Reason.TOKEN_INVALID, NextStep.REAUTHENTICATE));
    }
    expect(await refused).toMatchObject({ reason: 'token_invalid', next: 'reauthenticate' });
    expect(gateway.connections).toHaveLength(4);
  });

  it('moves to another connection when the node goes away, before the node ends it', async () => {
    const { gateway, connection } = await joined();
    const times = { deadline: durationFromMs(10_000), reconnectAfter: durationFromMs(20) };
    connection.send({ body: { case: 'goAway', value: { ...times, reason: Reason.DRAINING } } });
    const again = await gateway.next();
    expect((await again.welcome({ outcome: Welcome_Outcome.RESUMED })).resume?.attempt).toBe(2);
    await connection.untilClosed();
  });

  it('goes to the addresses that the gateway names', async () => {
    const { connection } = await joined();
    const other = await FakeGateway.overWebSocket();
    const endpoints = ['ftp://nowhere', other.url.replace('http://', '')];
    connection.send({
      body: { case: 'closed', value: { reason: Reason.DRAINING, nextStep: NextStep.RESUME, endpoints } },
    });
    expect((await (await other.next()).next('hello')).value.resume?.token).toBe('s1.secret');
  });
});

function closedFrame(reason: Reason, nextStep: NextStep, retryAfterMs = 0) {
  const retryAfter = durationFromMs(retryAfterMs);
  return { body: { case: 'closed' as const, value: { reason, nextStep, retryAfter } } };
}

function signalFrom(seq: number, negotiationId: number) {
  const value = {
    to: '1.s1.1',
    connectionId: 'c',
    negotiationId,
    payload: { case: 'candidates' as const, value: {} },
  };
  return {
    seq,
    origin: { sender: TO, senderSeq: 10 + negotiationId },
    body: { case: 'signal' as const, value },
  };
}

async function joined(options: Parameters<typeof openSession>[1] = {}) {
  const gateway = await FakeGateway.overWebSocket();
  const session: LiveSession = openSession(gateway, { world: new TestWorld(), ...options });
  const connection: FakeConnection = await gateway.next();
  await connection.welcome();
  const joining = session.join('demo', { name: 'Ada' });
  await connection.join('1.s1.1', { participants: [{ id: '2.bo.1', identity: 'bo' }], count: 2 });
  const room = await joining;
  return { gateway, connection, session, room };
}
