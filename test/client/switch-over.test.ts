import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { ModerationAction } from '../../gen/signalbox/v1/moderation_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep, Welcome_Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { Environment } from '../../src/client/environment.ts';
import type { SessionState, TransportName } from '../../src/client/index.ts';
import { webSocketTransport } from '../../src/client/transport/websocket.ts';
import { type FakeConnection, FakeGateway } from './fake-gateway.ts';
import { next } from './gateway-kit.ts';
import { openSession, TestWorld } from './session-kit.ts';

const RESUMED = { outcome: Welcome_Outcome.RESUMED };
const TO = { to: { participant: '2.bo.1' } };

describe('a node that goes away', () => {
  it('is used until the next one says Welcome, and then no more: never two at a time', async () => {
    const { gateway, old, room, states } = await joined();
    goAway(old, 20);
    const successor = await gateway.next();
    await successor.next('hello');
    const sends = [room.send('chat', 'one', TO), room.send('chat', 'two', TO)];
    const [one, two] = [(await old.next('message')).frame, (await old.next('message')).frame];
    old.send({ ack: one.seq });
    await sends[0];
    successor.send(welcome(2));
    await old.untilClosed();
    const three = room.send('chat', 'three', TO);
    expect((await successor.next('message')).frame).toEqual(two);
    const last = (await successor.next('message')).frame;
    expect(last.seq).toBe(two.seq + 1);
    successor.send({ ack: last.seq });
    await Promise.all([...sends, three]);
    expect(old.frames.filter(({ body }) => body.case === 'message')).toHaveLength(2);
    expect(states).toEqual([]);
  });

  it('is told no acknowledgement that the Hello to the next one does not know of', async () => {
    const { gateway, old, room } = await joined(20);
    old.send(notice(1));
    goAway(old, 400);
    const successor = await gateway.next();
    const { value } = await successor.next('hello');
    expect(value.resume?.receivedSeq).toBe(1);
    const heard = next(room, 'moderation', ({ note }) => note === '2');
    old.send(notice(2));
    await heard;
    room.send('chat', 'one', TO).catch(() => {});
    const { frame } = await old.next('message');
    expect(Math.max(frame.ack, ...old.frames.map(({ ack }) => ack))).toBeLessThanOrEqual(1);
    successor.send(welcome(2));
    // Sent again by the next node, which knows no better; told to the application once.
    const seen: string[] = [];
    room.on('moderation', ({ note }) => seen.push(note));
    successor.send(notice(2), notice(3));
    expect((await successor.until(({ ack }) => ack === 3)).ack).toBe(3);
    expect(seen).toEqual(['3']);
  });

  it('acknowledges where it was when the next one cannot be reached', async () => {
    const { gateway, old } = await joined(20);
    goAway(old, 0);
    const successor = await gateway.next();
    await successor.next('hello');
    old.send(notice(1));
    successor.send(closed(Reason.OVERLOADED, NextStep.RESUME, 10_000));
    expect((await old.until(({ ack }) => ack === 1)).ack).toBe(1);
    const again = await gateway.next();
    expect((await again.welcome(RESUMED)).resume).toMatchObject({ attempt: 3, receivedSeq: 1 });
    await old.untilClosed();
  });

  it('is left for the addresses that it names; a node that does not know the session opens a fresh one', async () => {
    const { old, session, room, states } = await joined();
    const other = await FakeGateway.overWebSocket();
    goAway(old, 20, [other.url]);
    const there = await other.next();
    const lost = room.send('chat', 'on its way', TO).catch((error: unknown) => error);
    await old.next('message');
    const rejoined = next(room, 'resync');
    await there.welcome({ sessionId: 's2', resumeToken: 's2.secret', outcome: Welcome_Outcome.FRESH });
    expect(await there.join('3.s2.1')).toMatchObject({ replaces: '1.s1.1' });
    expect(await rejoined).toMatchObject({ cause: 'rejoined', previousId: '1.s1.1' });
    expect(await lost).toMatchObject({ reason: 'outcome_unknown' });
    expect(session.id).toBe('s2');
    expect(states).toEqual([]);
    await old.untilClosed();
  });

  it('that ends before the next one was tried is resumed from in the plain way', async () => {
    const { gateway, old, states } = await joined();
    goAway(old, 60_000);
    old.drop();
    const again = await gateway.next();
    expect((await again.welcome(RESUMED)).resume?.attempt).toBe(2);
    await settled(states, 'connected');
    expect(states.map(({ status }) => status)).toContain('reconnecting');
  });

  it('and may come back soon is asked for every second at the least', async () => {
    const pauses: number[] = [];
    const { environment } = new TestWorld();
    const after = (ms: number, action: () => void) => {
      pauses.push(ms);
      // Pauses are short; a try has as long as it may take.
      return environment.after(ms < 3_000 ? ms / 1_000 : ms, action);
    };
    const world = new TestWorld({ after, random: () => 0.99 });
    const { gateway, old } = await joined(1, world);
    pauses.length = 0;
    old.send(closed(Reason.DRAINING, NextStep.RESUME, 200));
    for (let n = 0; n < 6; n += 1) (await gateway.next()).drop();
    await (await gateway.next()).welcome(RESUMED);
    const waits = pauses.filter((ms) => ms < 3_000);
    expect(waits.length).toBeGreaterThanOrEqual(7);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_200);
  });

  it('that ends while the next one is being tried is followed by that one', async () => {
    const { gateway, old, states } = await joined();
    goAway(old, 20);
    const successor = await gateway.next();
    await successor.next('hello');
    old.send(closed(Reason.DRAINING, NextStep.RESUME));
    await settled(states, 'reconnecting');
    successor.send(welcome(2));
    await settled(states, 'connected');
    expect(gateway.connections).toHaveLength(2);
  });

  it('may say that the session was taken over before the next one says Welcome', async () => {
    const { gateway, old, session, room, states } = await joined();
    goAway(old, 20);
    const successor = await gateway.next();
    await successor.next('hello');
    old.send(closed(Reason.REPLACED, NextStep.STOP));
    await old.untilClosed();
    const sent = room.send('chat', 'between the two', TO);
    successor.send(welcome(2));
    successor.send({ ack: (await successor.next('message')).frame.seq });
    await sent;
    expect([session.state.status, states]).toEqual(['connected', []]);
  });

  it('may hear late of a successor that was given up: the session is taken back', async () => {
    const { gateway, old, session } = await joined(50);
    goAway(old, 0);
    const mute = await gateway.next();
    await mute.next('hello');
    await mute.untilClosed();
    old.send(closed(Reason.REPLACED, NextStep.STOP));
    const again = await gateway.next();
    expect((await again.welcome(RESUMED)).resume?.attempt).toBe(3);
    expect(session.state.status).not.toBe('closed');
  });

  it('is believed when another client has taken the session over', async () => {
    const { old, states } = await joined();
    goAway(old, 60_000);
    old.send(closed(Reason.REPLACED, NextStep.STOP));
    await settled(states, 'closed');
    expect(states.at(-1)).toMatchObject({ reason: 'replaced', next: 'stop' });
  });

  it('is kept, and another one tried later, where the next one is too busy', async () => {
    const { gateway, old, states, room } = await joined();
    goAway(old, 0);
    const busy = await gateway.next();
    await busy.next('hello');
    busy.send(closed(Reason.OVERLOADED, NextStep.RECONNECT, 200));
    const began = performance.now();
    const sent = room.send('chat', 'still here', TO);
    const { frame } = await old.next('message');
    old.send({ ack: frame.seq });
    await sent;
    const again = await gateway.next();
    expect(performance.now() - began).toBeGreaterThan(190);
    expect((await again.welcome(RESUMED)).resume?.token).toBe('s1.secret');
    await old.untilClosed();
    expect(states).toEqual([]);
  });
});

describe('a change of the network', () => {
  it('opens another connection beside one that is slow to answer, and lets it take over', async () => {
    const { gateway, old, session, states } = await joined(4);
    old.answersPings = false;
    session.networkChanged();
    const successor = await gateway.next();
    await successor.welcome(RESUMED);
    await old.untilClosed();
    expect(states).toEqual([]);
  });

  it('tries the first choice of transport again, and stays where that still does not work', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const tried: TransportName[] = [];
    let open = false;
    const world = new TestWorld({
      transports: ['websocket', 'connect-web'],
      storage: undefined,
      transport: async (name) => {
        tried.push(name);
        if (name === 'websocket' && !open) throw new Error('not through this proxy');
        return webSocketTransport;
      },
    });
    const session = openSession(gateway, { transport: 'auto', world });
    const states: SessionState[] = [];
    const first = await gateway.next();
    await first.welcome();
    await session.opened;
    expect(session.state).toEqual({ status: 'connected', transport: 'connect-web' });
    session.on('state', (state) => states.push(state));
    session.networkChanged();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(tried).toEqual(['websocket', 'connect-web', 'websocket']);
    expect(first.closed).toBe(false);
    open = true;
    session.networkChanged();
    expect(tried).toHaveLength(3);
    expect(states).toEqual([]);
  });

  it.each([
    ['at once', 1],
    ['after a minute by itself', 50],
  ] as const)('moves to the first choice of transport where that works now, %s', async (_, speed) => {
    const gateway = await FakeGateway.overWebSocket();
    let open = false;
    const overrides: Partial<Environment> = {
      transports: ['websocket', 'connect-web'],
      storage: undefined,
      transport: async (name) => {
        if (name === 'websocket' && !open) throw new Error('not through this proxy');
        return webSocketTransport;
      },
    };
    const world = new TestWorld(overrides, speed);
    const session = openSession(gateway, { transport: 'auto', world, connectTimeoutMs: 10_000_000 });
    const first = await gateway.next();
    await first.welcome();
    await session.opened;
    open = true;
    if (speed === 1) session.networkChanged();
    await (await gateway.next()).welcome(RESUMED);
    await first.untilClosed();
    expect(session.state).toEqual({ status: 'connected', transport: 'websocket' });
  });

  it('starts a try anew that hangs in the network of before', async () => {
    const { gateway, old, session } = await joined();
    old.drop();
    const hanging = await gateway.next();
    await hanging.next('hello');
    session.networkChanged();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(gateway.connections).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, 500));
    session.networkChanged();
    expect((await (await gateway.next()).welcome(RESUMED)).resume?.attempt).toBe(3);
  });
});

async function joined(speed = 1, world = new TestWorld({}, speed)) {
  const gateway = await FakeGateway.overWebSocket();
  const session = openSession(gateway, { world });
  const old = await gateway.next();
  await old.welcome();
  const joining = session.join('demo', { name: 'Ada' });
  await old.join('1.s1.1', { participants: [{ id: '2.bo.1', identity: 'bo' }], count: 2 });
  const room = await joining;
  const states: SessionState[] = [];
  session.on('state', (state) => states.push(state));
  return { gateway, old, session, room, states };
}

function goAway(connection: FakeConnection, afterMs: number, endpoints: string[] = []): void {
  const value = {
    deadline: durationFromMs(60_000),
    reconnectAfter: durationFromMs(afterMs),
    reason: Reason.DRAINING,
    endpoints,
  };
  connection.send({ body: { case: 'goAway', value } });
}

function closed(reason: Reason, nextStep: NextStep, retryAfterMs = 0) {
  const retryAfter = durationFromMs(retryAfterMs);
  return { body: { case: 'closed' as const, value: { reason, nextStep, retryAfter } } };
}

function welcome(attempt: number) {
  const value = { sessionId: 's1', ...RESUMED, epoch: 'e1', attempt };
  return { body: { case: 'welcome' as const, value } };
}

function notice(seq: number) {
  return {
    seq,
    body: {
      case: 'moderationNotice' as const,
      value: { room: 'demo', action: ModerationAction.MUTE, note: `${seq}` },
    },
  };
}

async function settled(states: readonly SessionState[], status: SessionState['status']): Promise<void> {
  while (states.at(-1)?.status !== status) await new Promise((resolve) => setTimeout(resolve, 5));
}
