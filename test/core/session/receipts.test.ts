import { afterEach, describe, expect, it } from 'vitest';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Topology as Topology } from '../../../gen/signalbox/v1/room_pb.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { enumName } from '../../helpers/enum-name.ts';
import { resumeOf } from '../../helpers/resume-point.ts';
import {
  startTestNode,
  type TestClient,
  type TestNode,
  type TestNodeOptions,
} from '../../helpers/test-node.ts';

let kit: TestNode;
afterEach(() => kit.stop());

const key = roomKey('', 'r');
const manual = { autoAck: false };

/** Ann, who acknowledges when she is told to, and Bob, who wants receipts. */
async function start(options: TestNodeOptions = {}) {
  kit = await startTestNode(options);
  const ann = await kit.inRoom('r', { identity: 'ann' }, manual);
  const bob = await kit.inRoom('r', { identity: 'bob' });
  return { ann: ann.client, annId: ann.id, bob: bob.client, bobId: bob.id };
}

const ask = (client: TestClient, to: string, wantReceipt = true) =>
  client.send({ case: 'signal', value: { to, wantReceipt } });

/** Receipts so far: `3 DELIVERED`, `4 WINDOW_EXPIRED` … */
const receiptsOf = (client: TestClient) =>
  client
    .all('receipt')
    .map(({ seq, delivered, reason }) => `${seq} ${delivered ? 'DELIVERED' : enumName(Reason, reason)}`);
const errorsOf = (client: TestClient) =>
  client.all('error').map(({ seq, reason }) => `${seq} ${enumName(Reason, reason)}`);

async function acknowledge(client: TestClient, seq = client.receivedSeq) {
  client.sendFrame({ ack: seq });
  await kit.settle();
}

/** The session of `first` again, from where `client` stood. */
async function resume(client: TestClient, attempt = 2, first = client) {
  const [welcome] = first.all('welcome');
  if (welcome === undefined) throw new Error('there was no Welcome');
  return kit.client({}, { token: '', hello: { resume: { ...resumeOf(client, welcome), attempt } } });
}

describe('a receipt', () => {
  it('says DELIVERED when the receiver’s client has acknowledged the signal: not before, and once', async () => {
    const { ann, annId, bob } = await start();
    const first = ask(bob, annId);
    ask(bob, annId, false);
    const third = ask(bob, annId);
    await kit.settle();
    expect([ann.all('signal').length, receiptsOf(bob)]).toEqual([3, []]);
    const signals = ann.frames.filter(({ body }) => body.case === 'signal');
    await acknowledge(ann, signals[0]?.seq);
    expect(receiptsOf(bob)).toEqual([`${first} DELIVERED`]);
    await acknowledge(ann);
    await acknowledge(ann);
    await acknowledge(ann, 1);
    expect(receiptsOf(bob)).toEqual([`${first} DELIVERED`, `${third} DELIVERED`]);
  });

  it('does not believe an acknowledgement of what was not sent yet', async () => {
    const { ann, annId, bob } = await start();
    ann.stall();
    ask(bob, annId);
    await kit.settle();
    ask(bob, annId);
    await kit.settle();
    const read = ann.all('signal').length;
    await acknowledge(ann, 1000);
    expect(receiptsOf(bob)).toHaveLength(read);
    ann.drain();
    await kit.settle();
    await acknowledge(ann);
    expect(receiptsOf(bob)).toHaveLength(2);
  });

  it('comes from the place in the inbox that a resume brings, where the acknowledgement was lost', async () => {
    const { ann, annId, bob } = await start();
    const seq = ask(bob, annId);
    await kit.settle();
    ann.drop();
    await kit.pass(1000);
    expect(receiptsOf(bob)).toEqual([]);
    await resume(ann);
    expect(receiptsOf(bob)).toEqual([`${seq} DELIVERED`]);
  });

  it('is one, though the sender sends its signal again, not knowing whether it came through', async () => {
    const { ann, annId, bob } = await start();
    const seq = ask(bob, annId);
    await kit.settle();
    bob.drop();
    await kit.settle();
    const again = await resume(bob);
    again.sendFrame({ seq, body: { case: 'signal', value: { to: annId, wantReceipt: true } } });
    await kit.settle();
    await acknowledge(ann);
    expect(ann.all('signal')).toHaveLength(1);
    expect(receiptsOf(again)).toEqual([`${seq} DELIVERED`]);
  });

  it('waits in the inbox of a sender that is away', async () => {
    const { ann, annId, bob } = await start();
    const seq = ask(bob, annId);
    await kit.settle();
    bob.drop();
    await acknowledge(ann);
    const again = await resume(bob);
    expect(receiptsOf(again)).toEqual([`${seq} DELIVERED`]);
    // It was acknowledged: nobody gets it twice.
    again.drop();
    expect(receiptsOf(await resume(again, 3, bob))).toEqual([]);
  });

  it('of a sender that has gone is nobody’s', async () => {
    const { ann, annId, bob } = await start();
    ask(bob, annId);
    await kit.settle();
    bob.drop();
    await kit.pass(kit.limits.resumeWindowMs);
    await acknowledge(ann);
    expect(kit.node.figures.sessions).toBe(1);
  });

  it('says DELIVERED of what a receiver read that has left the room since, but not the gateway', async () => {
    const { ann, annId, bob } = await start();
    const seq = ask(bob, annId);
    ann.send({ case: 'leave', value: { room: 'r' } });
    await kit.settle();
    await acknowledge(ann);
    expect(receiptsOf(bob)).toEqual([`${seq} DELIVERED`]);
  });
});

describe('a signal that is not delivered', () => {
  it('to somebody who was never there: UNKNOWN_RECIPIENT, and an error beside the receipt', async () => {
    const { bob } = await start();
    const seq = ask(bob, 'nobody');
    const unasked = ask(bob, 'nobody', false);
    await kit.settle();
    expect(receiptsOf(bob)).toEqual([`${seq} UNKNOWN_RECIPIENT`]);
    expect(errorsOf(bob)).toEqual([`${seq} UNKNOWN_RECIPIENT`, `${unasked} UNKNOWN_RECIPIENT`]);
  });

  it('to somebody who has left: RECIPIENT_LEFT', async () => {
    const { ann, annId, bob } = await start();
    ann.send({ case: 'leave', value: { room: 'r' } });
    await kit.settle();
    const seq = ask(bob, annId);
    await kit.settle();
    expect(receiptsOf(bob)).toEqual([`${seq} RECIPIENT_LEFT`]);
  });

  it('for whatever other reason: the reason of the error', async () => {
    const { bob, bobId } = await start({ settings: { topology: Topology.HUB } });
    const seqs = [ask(bob, bobId), ask(bob, '')];
    const { client: quiet } = await kit.inRoom('r', { identity: 'q', permissions: { signal: false } });
    const seq = ask(quiet, bobId);
    await kit.settle();
    expect(receiptsOf(bob)).toEqual([`${seqs[0]} MALFORMED`, `${seqs[1]} NO_HUB`]);
    expect(receiptsOf(quiet)).toEqual([`${seq} DENIED`]);
  });

  it('as its frame, or it, is too large: TOO_LARGE', async () => {
    for (const limits of [{ frameBytes: 100 }, { signalBytes: 100 }]) {
      const { annId, bob } = await start({ limits });
      const traceparent = 'x'.repeat(200);
      const seq = bob.send({ case: 'signal', value: { to: annId, wantReceipt: true, traceparent } });
      bob.send({ case: 'signal', value: { to: annId, traceparent } });
      await kit.settle();
      expect(receiptsOf(bob)).toEqual([`${seq} TOO_LARGE`]);
      expect(errorsOf(bob)).toHaveLength(2);
      await kit.stop();
    }
    kit = await startTestNode();
  });

  it('to an inbox that is full: INBOX_OVERFLOW, and what was taken is delivered', async () => {
    const { ann, annId, bob } = await start({ limits: { inboxFrames: 5 } });
    await acknowledge(ann);
    ann.stall();
    const seqs = Array.from({ length: 8 }, () => ask(bob, annId));
    await kit.settle();
    const refused = seqs.slice(5).map((seq) => `${seq} INBOX_OVERFLOW`);
    expect([receiptsOf(bob), errorsOf(bob)]).toEqual([refused, refused]);
    ann.drain();
    await kit.settle();
    await acknowledge(ann);
    const taken = seqs.slice(0, 5).map((seq) => `${seq} DELIVERED`);
    expect(receiptsOf(bob)).toEqual([...refused, ...taken]);
    const later = ask(bob, annId);
    await kit.settle();
    await acknowledge(ann);
    expect(receiptsOf(bob).at(-1)).toBe(`${later} DELIVERED`);
  });

  it('to a session that does not come back in its window: WINDOW_EXPIRED', async () => {
    const { ann, annId, bob } = await start();
    const read = ask(bob, annId);
    await kit.settle();
    await acknowledge(ann);
    ann.drop();
    const unread = ask(bob, annId);
    await kit.pass(kit.limits.resumeWindowMs - 1);
    expect(receiptsOf(bob)).toEqual([`${read} DELIVERED`]);
    await kit.pass(1);
    expect(receiptsOf(bob)).toEqual([`${read} DELIVERED`, `${unread} WINDOW_EXPIRED`]);
  });

  it('to a session that is ended: RECIPIENT_LEFT', async () => {
    const { annId, bob } = await start();
    const seq = ask(bob, annId);
    await kit.settle();
    kit.node.closeSessions(({ identity }) => identity === 'ann', Reason.TOKEN_REVOKED, 'revoked');
    await kit.settle();
    expect(receiptsOf(bob)).toEqual([`${seq} RECIPIENT_LEFT`]);
  });

  it('to a session that acknowledges nothing until it is ended for that: INBOX_OVERFLOW', async () => {
    const { ann, annId, bob } = await start({ limits: { inboxFrames: 20 } });
    const seq = ask(bob, annId);
    // Refused frames are told in the inbox, beyond its bounds.
    for (let i = 0; i < 60; i += 1) ask(ann, 'nobody', false);
    await kit.settle();
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.SLOW_CONSUMER }]);
    expect(receiptsOf(bob)).toEqual([`${seq} INBOX_OVERFLOW`]);
    expect(kit.engine.view(key)?.members.size).toBe(1);
  });
});
