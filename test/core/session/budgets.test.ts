import { afterEach, describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Presence } from '../../../gen/signalbox/v1/room_pb.ts';
import { NextStep } from '../../../gen/signalbox/v1/session_pb.ts';
import { NegotiationControl_Action as Action } from '../../../gen/signalbox/v1/signal_pb.ts';
import { startTestNode, type TestClient, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

const message = (value: string, delivery: DeliveryClass = DeliveryClass.RELIABLE) => ({
  case: 'message' as const,
  value: { room: 'r', delivery, content: { case: 'text' as const, value } },
});
const signal = (to: string, detail: string) => ({
  case: 'signal' as const,
  value: { to, payload: { case: 'control' as const, value: { action: Action.REQUEST_OFFER, detail } } },
});
const texts = (client: TestClient) => client.all('message').map(({ content }) => content.value);
const details = (client: TestClient) =>
  client.all('signal').map(({ payload }) => (payload.case === 'control' ? payload.value.detail : ''));
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

describe('a session that sends more than it may', () => {
  it('is not read until it may go on; nothing is lost, refused or out of order', async () => {
    kit = await startTestNode({ limits: { signalRate: { burst: 10, perSecond: 100 } } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob, id } = await kit.inRoom('r', { identity: 'bob' });
    for (const detail of numbers(40)) ann.send(signal(id, detail));
    await kit.settle();
    // The burst, and the one that is owed.
    expect(details(bob)).toEqual(numbers(11));
    await kit.pass(100);
    expect(details(bob).length).toBeLessThan(25);
    await kit.pass(1000);
    expect(details(bob)).toEqual(numbers(40));
    expect(ann.all('error')).toEqual([]);
    await ann.untilAcked();
  });

  it('is not taken for dead, and its neighbours notice nothing', async () => {
    kit = await startTestNode({
      limits: { byteRate: { burst: 500, perSecond: 100 }, pingIntervalMs: 2000, pongTimeoutMs: 1000 },
    });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const { client: cy, id } = await kit.inRoom('r', { identity: 'cy' });
    const long = numbers(4).map((text) => text.padStart(1000));
    for (const text of long) ann.send(message(text));
    bob.send(signal(id, 'meanwhile'));
    await kit.settle();
    expect(details(cy)).toEqual(['meanwhile']);
    await kit.pass(60_000);
    expect(texts(cy)).toEqual(long);
    expect(ann.all('closed')).toEqual([]);
  });

  it('was told its rates in Welcome', async () => {
    kit = await startTestNode({ limits: { signalRate: { burst: 10, perSecond: 7 } } });
    const client = await kit.client();
    expect(client.all('welcome')[0]?.limits).toMatchObject({
      signalsPerSecond: 7,
      messagesPerSecond: kit.limits.messageRate.perSecond,
      bytesPerSecond: kit.limits.byteRate.perSecond,
    });
  });

  it('still has the other kinds', async () => {
    kit = await startTestNode({ limits: { messageRate: { burst: 5, perSecond: 1 } } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob, id } = await kit.inRoom('r', { identity: 'bob' });
    for (const text of numbers(5)) ann.send(message(text));
    for (const detail of numbers(50)) ann.send(signal(id, detail));
    await kit.settle();
    expect([texts(bob).length, details(bob).length]).toEqual([5, 50]);
  });

  it('pays for its bytes, too', async () => {
    kit = await startTestNode({ limits: { byteRate: { burst: 10_000, perSecond: 10_000 } } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    for (let count = 0; count < 4; count += 1) ann.send(message('x'.repeat(8_000)));
    await kit.settle();
    expect(texts(bob)).toHaveLength(2);
    await kit.pass(1000);
    expect(texts(bob)).toHaveLength(3);
    await kit.pass(1000);
    expect(texts(bob)).toHaveLength(4);
  });

  it('loses LOSSY messages, and nothing else waits for them', async () => {
    kit = await startTestNode({ limits: { lossyRate: { burst: 3, perSecond: 1 } } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob, id } = await kit.inRoom('r', { identity: 'bob' });
    for (const text of numbers(10)) ann.send(message(text, DeliveryClass.LOSSY));
    ann.send(signal(id, 'after'));
    await kit.settle();
    expect(texts(bob)).toEqual(numbers(3));
    expect(details(bob)).toEqual(['after']);
    expect(ann.all('error')).toEqual([]);
  });

  it('has COUNTED messages summed, however many', async () => {
    kit = await startTestNode({ limits: { messageRate: { burst: 10, perSecond: 100 } } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const like = { room: 'r', delivery: DeliveryClass.COUNTED, key: 'likes', count: 1n };
    for (let count = 0; count < 50; count += 1) ann.send({ case: 'message', value: like });
    await kit.pass(2000);
    const last = bob.frames.findLast(({ body }) => body.case === 'message');
    expect(last?.origin?.total).toBe(50n);
  });

  it('may be gone before it may go on', async () => {
    kit = await startTestNode({ limits: { messageRate: { burst: 1, perSecond: 1 }, resumeWindowMs: 500 } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    for (const text of numbers(5)) ann.send(message(text));
    await kit.settle();
    ann.drop();
    await kit.pass(5000);
    expect(kit.node.figures.sessions).toBe(0);
  });
});

describe('SendFrames of a session that sends more than it may', () => {
  const keyOf = (client: TestClient) => client.all('welcome')[0]?.sendKey ?? '';

  it('waits for a moment', async () => {
    kit = await startTestNode({ limits: { messageRate: { burst: 5, perSecond: 100 } } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const frames = numbers(20).map((text, index) => ({ seq: index + 2, body: message(text) }));
    const answer = kit.sendFrames(keyOf(ann), frames);
    await kit.pass(1000);
    expect(await answer).toMatchObject({ kind: 'done', ack: 21 });
    expect(texts(bob)).toEqual(numbers(20));
  });

  it('stops at the first frame that would wait for too long, and goes on from there when it is called again', async () => {
    kit = await startTestNode({ limits: { messageRate: { burst: 5, perSecond: 2 }, callWaitMs: 1000 } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const frames = numbers(20).map((text, index) => ({ seq: index + 2, body: message(text) }));
    for (let call = 0; call < 20 && texts(bob).length < 20; call += 1) {
      const answer = kit.sendFrames(keyOf(ann), frames);
      await kit.pass(2000);
      const result = await answer;
      if (result.kind === 'done') continue;
      const { reason, nextStep, status, retryAfterMs = 0 } = result.ending;
      expect([reason, nextStep, status]).toEqual([Reason.RATE_LIMITED, NextStep.RESUME, 'unavailable']);
      expect(retryAfterMs).toBeGreaterThan(0);
    }
    expect(texts(bob)).toEqual(numbers(20));
    expect(ann.all('error')).toEqual([]);
  });
});

describe('a room in which more is said than can be delivered', () => {
  it('lets senders wait, and tells them when it would be for too long', async () => {
    // Two readers: a message costs two.
    kit = await startTestNode({ limits: { roomRate: { burst: 10, perSecond: 2 }, roomWaitMs: 2000 } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const { client: cy } = await kit.inRoom('r', { identity: 'cy' });
    await kit.pass(10_000);
    for (const text of numbers(4)) ann.send(message(text));
    await kit.settle();
    expect(texts(bob)).toEqual(numbers(4));
    // Ann waits for what she owes; the others are told.
    bob.send(message('one more'));
    cy.send(message('too much'));
    await kit.settle();
    expect(cy.all('error')).toMatchObject([{ reason: Reason.RATE_LIMITED, retryable: true, room: 'r' }]);
    expect(texts(ann)).toEqual([...numbers(4), 'one more']);
  });

  it('leaves other rooms alone', async () => {
    kit = await startTestNode({ limits: { roomRate: { burst: 4, perSecond: 1 } } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    for (const text of numbers(10)) ann.send(message(text));
    const { client: bob } = await kit.inRoom('s', { identity: 'bob' });
    bob.send({ case: 'message', value: { room: 's', content: { case: 'text', value: 'hello' } } });
    await kit.settle();
    expect(texts(bob)).toEqual(['hello']);
  });

  it.each([
    { mode: 'FULL', refused: 2 },
    { mode: 'COUNT', refused: 0 },
  ] as const)(
    'pays for a crowd that leaves where its rosters show it: presence $mode',
    async ({ mode, refused }) => {
      kit = await startTestNode({
        limits: { roomRate: { burst: 10, perSecond: 2 }, roomWaitMs: 2000 },
        settings: { presence: RoomSettings_Presence[mode] },
      });
      const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
      const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
      for (const identity of numbers(6)) {
        const { client } = await kit.inRoom('r', { identity });
        client.send({ case: 'leave', value: { room: 'r' } });
      }
      await kit.settle();
      ann.send(message('hello'));
      bob.send(message('goodbye'));
      await kit.settle();
      expect([...ann.all('error'), ...bob.all('error')]).toHaveLength(refused);
    },
  );
});
