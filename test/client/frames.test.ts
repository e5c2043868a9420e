import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { FrameInit } from './fake-gateway.ts';
import { FakeGateway } from './fake-gateway.ts';
import { next } from './gateway-kit.ts';
import { openSession, TestWorld } from './session-kit.ts';

const OTHER = { to: { participant: '2.bo.1' } };

describe.each(['websocket', 'grpc'] as const)('frames over %s', (transport) => {
  it('are numbered from 1, without gaps, and only those that need delivery', async () => {
    const { connection, room, session } = await joined(transport);
    void room.send('chat', 'a', OTHER);
    void room.send('pos', 'b', { delivery: 'lossy' });
    session.networkChanged();
    void room.send('chat', 'c', OTHER);
    await connection.until(({ seq }) => seq === 3);
    const numbered = connection.frames.map(({ seq, body }) => `${seq} ${body.case}`);
    expect(numbered).toEqual([
      '0 hello',
      '1 join',
      '2 message',
      '0 message',
      '0 clientState',
      '0 ping',
      '3 message',
    ]);
    connection.send({ ack: 3 });
  });

  it('answer a Ping at once, with the acknowledgement of what came before it', async () => {
    const { connection } = await joined(transport);
    connection.send({ seq: 1 }, { seq: 2 }, { body: { case: 'ping', value: { id: 42 } } });
    const { frame, value } = await connection.next('pong');
    expect(value.id).toBe(42);
    expect(frame.ack).toBe(2);
    expect(frame.seq).toBe(0);
  });

  it('acknowledge alone after a second', async () => {
    const { connection } = await joined(transport, 10);
    connection.send({ seq: 1 });
    const began = performance.now();
    const frame = await connection.until(({ ack }) => ack === 1);
    expect(frame.body.case).toBeUndefined();
    // The world of this test runs ten times as fast.
    expect(performance.now() - began).toBeGreaterThan(80);
  });

  it('acknowledge alone after 64 frames, without waiting', async () => {
    const { connection } = await joined(transport);
    const began = performance.now();
    for (let seq = 1; seq <= 70; seq += 1) connection.send({ seq });
    await connection.until(({ ack, body }) => ack === 64 && body.case === undefined);
    expect(performance.now() - began).toBeLessThan(900);
  });

  it('acknowledge alone after 64 KiB, without waiting', async () => {
    const { connection } = await joined(transport);
    const began = performance.now();
    const value = { messageType: 'map', content: { case: 'text', value: 'x'.repeat(16_000) } } as const;
    for (let seq = 1; seq <= 7; seq += 1) connection.send({ seq, body: { case: 'message', value } });
    await connection.until(({ ack, body }) => ack === 5 && body.case === undefined);
    expect(performance.now() - began).toBeLessThan(900);
  });

  it('wait when 256 are not acknowledged, and go on in order', async () => {
    const { connection, room } = await joined(transport);
    const sends = Array.from({ length: 300 }, (_, n) => room.send('chat', `${n}`, OTHER));
    // The Join is acknowledged: 256 of these are on their way.
    await connection.until(({ seq }) => seq === 257);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(connection.frames.at(-1)?.seq).toBe(257);
    connection.send({ ack: 101 });
    await connection.until(({ seq }) => seq === 301);
    connection.send({ ack: 301 });
    await Promise.all(sends);
    const texts = connection.frames.flatMap(({ body }) =>
      body.case === 'message' ? [body.value.content.value] : [],
    );
    expect(texts).toEqual(Array.from({ length: 300 }, (_, n) => `${n}`));
  });

  it('that are refused reject their own promise and no other', async () => {
    const { connection, room } = await joined(transport);
    const results = Promise.allSettled([1, 2, 3].map((n) => room.send('chat', `${n}`, OTHER)));
    await connection.until(({ seq }) => seq === 4);
    const value = {
      seq: 3,
      reason: Reason.RATE_LIMITED,
      retryable: true,
      detail: 'too fast',
      fieldPath: 'message',
    };
    connection.send({ seq: 1, ack: 4, body: { case: 'error', value } });
    const [first, second, third] = await results;
    expect([first?.status, third?.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(second).toMatchObject({
      status: 'rejected',
      reason: {
        reason: 'rate_limited',
        retryable: true,
        detail: 'too fast',
        field: 'message',
        next: 'resume',
      },
    });
  });

  it('too large for the gateway are refused here: they would end the connection again and again', async () => {
    const { connection, room } = await joined(transport);
    await expect(room.send('chat', 'x'.repeat(70_000), OTHER)).rejects.toMatchObject({ reason: 'too_large' });
    void room.send('chat', 'small', OTHER);
    expect((await connection.next('message')).frame.seq).toBe(2);
    connection.send({ ack: 2 });
  });
});

describe('a message to the room', () => {
  it('is confirmed by its echo, also where the acknowledgement comes first', async () => {
    const { connection, room } = await joined('websocket');
    let done = false;
    const sending = room.send('chat', 'hi').finally(() => {
      done = true;
    });
    const { frame } = await connection.next('message');
    connection.send({ ack: frame.seq });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(done).toBe(false);
    connection.send(echo(frame.seq, 2));
    expect(await sending).toEqual({ offset: 2, acceptedAt: new Date(1_000) });
  });

  it('counts as sent where a snapshot jumped over its echo', async () => {
    const { connection, room } = await joined('websocket');
    const sending = room.send('chat', 'hi');
    const { frame } = await connection.next('message');
    connection.send({
      body: {
        case: 'joined',
        value: { room: 'demo', epoch: 'r1', offset: 50, rosterComplete: true, participant: { id: '1.s1.1' } },
      },
    });
    connection.send({ ack: frame.seq });
    expect(await sending).toEqual({ offset: undefined, acceptedAt: undefined });
  });
});

describe('counts', () => {
  it('are summed, with one message on its way at a time', async () => {
    const { connection, room } = await joined('websocket');
    for (let n = 0; n < 1_000; n += 1) room.addCount('like', 'heart');
    const first = await connection.next('message');
    expect(first.value).toMatchObject({ delivery: DeliveryClass.COUNTED, count: 1_000n, key: 'heart' });
    room.addCount('like', 'heart', 5);
    room.addCount('like', 'heart', -2);
    await new Promise((resolve) => setTimeout(resolve, 150));
    connection.send({ ack: first.frame.seq });
    const second = await connection.next('message');
    expect(second.value.count).toBe(3n);
    expect(second.frame.seq).toBe(first.frame.seq + 1);
    connection.send({ ack: second.frame.seq });
  });
});

describe('a roster', () => {
  it('is handed over when all its pages are there', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const session = openSession(gateway);
    const connection = await gateway.next();
    await connection.welcome();
    let entered = false;
    const joining = session.join('demo').then((room) => {
      entered = true;
      return room;
    });
    await connection.join('1.s1.1', { participants: [{ id: 'a' }], rosterComplete: false, count: 3 });
    connection.send(page({ joined: [{ id: 'b' }] }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(entered).toBe(false);
    connection.send(page({ joined: [{ id: 'c' }], complete: true }));
    const room = await joining;
    expect([...room.participants.keys()]).toEqual(['a', 'b', 'c']);
    expect(room.count).toBe(3);
  });

  it('tells of a replacement with the successor, the departure first', async () => {
    const { connection, room } = await joined('websocket');
    const events: string[] = [];
    room.on('left', ({ id, replacedBy, participant }) => {
      events.push(`left ${id} ${participant.identity} by ${replacedBy} ${room.participants.has(replacedBy)}`);
    });
    room.on('joined', ({ id }) => events.push(`joined ${id}`));
    const told = next(room, 'joined');
    const left = [{ id: '2.bo.1', reason: Reason.REPLACED, replacedBy: '3.bo.2' }];
    connection.send(delta({ offset: 2, count: 2, left, joined: [{ id: '3.bo.2', replaces: '2.bo.1' }] }));
    await told;
    expect(events).toEqual(['left 2.bo.1 bo by 3.bo.2 true', 'joined 3.bo.2']);
  });

  it('ignores what it has read already, and keeps the own entry apart', async () => {
    const { connection, room } = await joined('websocket');
    const joinedIds: string[] = [];
    room.on('joined', ({ id }) => joinedIds.push(id));
    const handRaisedAt = timestampFromMs(5_000);
    const changed = next(room, 'participantChanged');
    connection.send(delta({ offset: 1, count: 9, joined: [{ id: 'stale' }] }));
    connection.send(delta({ offset: 2, count: 2, updated: [{ id: '1.s1.1', name: 'Ada', handRaisedAt }] }));
    expect(await changed).toBe(room.self);
    expect(room.self.handRaisedAt).toEqual(new Date(5_000));
    expect(joinedIds).toEqual([]);
    expect(room.count).toBe(2);
  });

  it('knows the hub as soon as it is told and listed', async () => {
    const { connection, room } = await joined('websocket');
    const told = next(room, 'hub');
    connection.send(delta({ hub: '5.sfu.1' }));
    expect(await told).toBe('5.sfu.1');
    expect(room.hub).toBeUndefined();
    const listed = next(room, 'joined');
    connection.send(delta({ offset: 2, count: 3, joined: [{ id: '5.sfu.1', identity: 'sfu' }] }));
    await listed;
    expect(room.hub?.identity).toBe('sfu');
  });
});

describe('a lobby', () => {
  it('says that the client waits, and then why it may not come in', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const session = openSession(gateway);
    const connection = await gateway.next();
    await connection.welcome();
    const places: unknown[] = [];
    const joining = session.join('demo', { knock: 'it is me', onPending: (pending) => places.push(pending) });
    const { frame, value } = await connection.next('join');
    expect(value.knock).toBe('it is me');
    const pending = (position: number): FrameInit => ({
      ack: frame.seq,
      body: { case: 'joinPending', value: { room: 'demo', reason: Reason.LOBBY, position } },
    });
    connection.send(pending(2), pending(1));
    connection.send({
      body: { case: 'left', value: { room: 'demo', reason: Reason.LOBBY_DENIED, detail: 'no' } },
    });
    await expect(joining).rejects.toMatchObject({ reason: 'lobby_denied', detail: 'no' });
    expect(places).toEqual([
      { reason: 'lobby', position: 2 },
      { reason: 'lobby', position: 1 },
    ]);
    expect(session.rooms.size).toBe(0);
  });
});

function delta(value: Extract<NonNullable<FrameInit['body']>, { case: 'rosterDelta' }>['value']): FrameInit {
  return { body: { case: 'rosterDelta', value: { ...value, room: 'demo' } as typeof value } };
}

function page(value: Parameters<typeof delta>[0]): FrameInit {
  return delta({ ...value, snapshot: true } as typeof value);
}

function echo(senderSeq: number, offset: number): FrameInit {
  const origin = { sender: '1.s1.1', senderSeq, offset, acceptedAtMs: 1_000n };
  return { origin, body: { case: 'message', value: { room: 'demo', messageType: 'chat' } } };
}

async function joined(transport: 'websocket' | 'grpc', speed = 1) {
  const gateway = await (transport === 'grpc' ? FakeGateway.overGrpc() : FakeGateway.overWebSocket());
  const session = openSession(gateway, { transport, world: new TestWorld({}, speed) });
  const connection = await gateway.next();
  await connection.welcome({ limits: { frameBytes: 65_536 } });
  const joining = session.join('demo', { name: 'Ada' });
  await connection.join('1.s1.1', { participants: [{ id: '2.bo.1', identity: 'bo' }], count: 2 });
  return { gateway, connection, session, room: await joining };
}
