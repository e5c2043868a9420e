import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Lane, LaneEvents } from '../../../src/core/lane.ts';
import { testToken } from '../../helpers/node-kit.ts';
import { startTestNode, TestClient, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

beforeEach(async () => {
  kit = await startTestNode();
});

afterEach(() => kit.stop());

/** A description of about 6 KB that is like no other. */
const sdpOf = (number: number) => `v=0 ${number} `.padEnd(6000, String(number % 10));

function offer(client: TestClient, to: string, number: number): void {
  const value = { sdp: sdpOf(number) };
  client.send({ case: 'signal', value: { to, payload: { case: 'description', value } } });
}

function offersOf(client: TestClient): string[] {
  return client.all('signal').map(({ payload }) => (payload.case === 'description' ? payload.value.sdp : ''));
}

/** Whether it holds on to what it was given last, and whether it will to what comes next. */
interface Transport {
  isFlushed: boolean;
  holdsNext: boolean;
}

/** A client whose transport says what it holds on to. */
async function clientOver(transport: Transport, identity: string): Promise<TestClient> {
  const open = (lane: Lane): LaneEvents => {
    const { framing, peer } = lane;
    return kit.node.open({
      transport: 'websocket',
      framing,
      peer,
      get isFlushed() {
        return transport.isFlushed;
      },
      write: (bytes) => {
        transport.isFlushed = !transport.holdsNext;
        return lane.write(bytes);
      },
      resume: () => lane.resume(),
      end: (end) => lane.end(end),
    });
  };
  const client = new TestClient(open, { token: testToken({ identity }) });
  await kit.settle();
  client.send({ case: 'join', value: { room: 'r' } });
  await kit.settle();
  return client;
}

const idOf = (client: TestClient) => client.all('joined').at(-1)?.participant?.id ?? '';
const buffers = (client: TestClient) =>
  client.writes.filter(({ length }) => length > 5000).map(({ buffer }) => buffer);

describe('memory that is used again', () => {
  it('is that of writes that have left, and of signals that were acknowledged', async () => {
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const bob = await clientOver({ isFlushed: true, holdsNext: false }, 'bob');
    for (let number = 0; number < 50; number += 1) {
      offer(ann, idOf(bob), number);
      await kit.settle();
    }
    expect(offersOf(bob)).toEqual(Array.from({ length: 50 }, (_, number) => sdpOf(number)));
    expect(new Set(buffers(bob)).size).toBeLessThan(5);
  });

  it('is not that of writes which the transport still holds', async () => {
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const transport = { isFlushed: true, holdsNext: false };
    const bob = await clientOver(transport, 'bob');
    for (let number = 0; number < 50; number += 1) {
      transport.isFlushed = true;
      transport.holdsNext = number % 2 === 1;
      offer(ann, idOf(bob), number);
      await kit.settle();
    }
    const kept = bob.writes.filter(({ length }) => length > 5000).filter((_, number) => number % 2 === 1);
    const texts = kept.map((bytes) => Buffer.from(bytes).toString('latin1'));
    for (const [index, text] of texts.entries()) expect(text).toContain(sdpOf(2 * index + 1));
    expect(texts).toHaveLength(25);
  });

  it('is not that of signals which nobody has acknowledged: a resume brings them as they were', async () => {
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: cy, id: cyId } = await kit.inRoom('r', { identity: 'cy' });
    const { client: bob, id: bobId } = await kit.inRoom('r', { identity: 'bob' }, { autoAck: false });
    for (let number = 0; number < 20; number += 1) {
      offer(ann, bobId, number);
      for (let other = 0; other < 3; other += 1) offer(ann, cyId, 100 + number * 3 + other);
      await kit.settle();
    }
    expect(offersOf(cy)).toHaveLength(60);
    const { resumeToken, epoch } = bob.all('welcome')[0] ?? {};
    bob.drop();
    const again = await kit.client(
      { identity: 'bob' },
      { hello: { resume: { token: resumeToken ?? '', attempt: 2, epoch: epoch ?? '', receivedSeq: 0 } } },
    );
    await kit.settle();
    expect(offersOf(again)).toEqual(Array.from({ length: 20 }, (_, number) => sdpOf(number)));
  });
});
