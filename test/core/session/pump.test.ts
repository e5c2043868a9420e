import { create } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { RoomSettings_Presence as Presence, RoomSettingsSchema } from '../../../gen/signalbox/v1/room_pb.ts';
import { defaultLimits } from '../../../src/core/limits.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { Pump } from '../../../src/core/session/pump.ts';
import { Session } from '../../../src/core/session/session.ts';
import { MemoryEngine } from '../../../src/engine/memory/memory-engine.ts';
import { nodeCrypto } from '../../../src/runtime/node-crypto.ts';
import type { TestClient, TestNode, TestNodeOptions } from '../../helpers/test-node.ts';
import { startTestNode } from '../../helpers/test-node.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

let kit: TestNode;

async function start(options: TestNodeOptions = {}): Promise<void> {
  kit = await startTestNode(options);
}

afterEach(() => kit?.stop());

function say(client: TestClient, value: string, delivery: DeliveryClass = DeliveryClass.RELIABLE): void {
  const message = { room: 'r', delivery, content: { case: 'text' as const, value } };
  client.send({ case: 'message', value: message });
}

const texts = (client: TestClient) => client.all('message').map(({ content }) => content.value);

describe('the pump', () => {
  it('looks at no reader for a count that is not due yet, and tells it when it is', async () => {
    await start({ settings: { presence: Presence.COUNT } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    for (let i = 0; i < 20; i += 1) await kit.inRoom('r', { identity: `early-${i}` });
    await kit.pass(1000);
    await kit.inRoom('r', { identity: 'told at once' });
    const looks = vi.spyOn(Session.prototype, 'pump');
    await kit.inRoom('r', { identity: 'a moment later' });
    expect(looks.mock.calls.length).toBeLessThan(5);
    looks.mockRestore();
    await kit.pass(1000);
    expect(ann.all('rosterDelta').at(-1)?.count).toBe(23);
  });

  it('hands readers with equal cursors the very same bytes', async () => {
    await start();
    const clients = [];
    for (const identity of ['ann', 'bob', 'cy']) clients.push((await kit.inRoom('r', { identity })).client);
    const [ann, bob, cy] = clients as [TestClient, TestClient, TestClient];
    await kit.pass(1000);
    for (let i = 0; i < 20; i += 1) say(ann, `m${i}`);
    await kit.settle();
    expect(texts(bob)).toHaveLength(20);
    // Not equal arrays: one array, joined once.
    expect(bob.writes.at(-1)).toBe(cy.writes.at(-1));
  });

  it('joins what came in one tick into one write', async () => {
    await start();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob, id } = await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(1000);
    const before = bob.writes.length;
    for (let i = 0; i < 10; i += 1) {
      say(ann, `m${i}`);
      ann.send({ case: 'signal', value: { to: id, connectionId: `c${i}` } });
    }
    await kit.settle();
    expect(bob.writes.length - before).toBe(1);
    expect(bob.all('signal')).toHaveLength(10);
  });

  it('does not touch the logs for a lane that is not writable, and goes on where it stood', async () => {
    await start();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    bob.stall();
    say(ann, 'fills the transport');
    await kit.settle();
    const view = kit.engine.view(roomKey('', 'r'));
    if (view === undefined) throw new Error('no room');
    const writes = bob.writes.length;
    await kit.pass(1000);
    const reads = vi.spyOn(view.log, 'at');
    for (let i = 0; i < 50; i += 1) {
      say(ann, `m${i}`);
      await kit.settle();
    }
    // Each is read for Ann, Nobody reads for Bob.
    expect(reads.mock.calls.length).toBe(50);
    expect(bob.writes.length).toBe(writes);
    bob.drain();
    await kit.settle();
    expect(texts(bob)).toHaveLength(51);
    // All that it lagged behind came in one write.
    expect(bob.writes.length).toBe(writes + 1);
    reads.mockRestore();
  });

  it('gathers no more than its bound for one lane in one tick; what is more comes in the next ones', async () => {
    await start({ limits: { gatherBytes: 10_000 } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob, id } = await kit.inRoom('r', { identity: 'bob' });
    bob.stall();
    for (let i = 0; i < 40; i += 1) {
      say(ann, `${i}:`.padEnd(1000, 'x'));
      ann.send({
        case: 'signal',
        value: {
          to: id,
          connectionId: `c${i}`,
          payload: { case: 'description', value: { sdp: 'x'.repeat(1000) } },
        },
      });
      await kit.settle();
    }
    const before = bob.writes.length;
    bob.drain();
    await kit.settle();
    const sizes = bob.writes.slice(before).map(({ length }) => length);
    expect(sizes.length).toBeGreaterThanOrEqual(8);
    expect(Math.max(...sizes)).toBeLessThan(12_000);
    expect(texts(bob)).toHaveLength(40);
    expect(bob.all('signal').map(({ connectionId }) => connectionId)).toEqual(
      Array.from({ length: 40 }, (_, i) => `c${i}`),
    );
  });

  it('takes an acknowledgement along with a frame of the inbox, or behind the room’s frames', async () => {
    await start();
    const { client: ann, id: annId } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob, id: bobId } = await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(1000);
    const before = ann.frames.length;
    // Both at once: Ann's own frame is done, and Bob's stands in her inbox.
    ann.send({ case: 'signal', value: { to: bobId } });
    bob.send({ case: 'signal', value: { to: annId } });
    await kit.settle();
    expect(ann.since(before)).toMatchObject([{ ack: 2, body: { case: 'signal' } }]);
    say(ann, 'x');
    await kit.settle();
    expect(ann.since(before + 1).map(({ ack, body }) => [ack, body.case])).toEqual([
      [0, 'message'],
      [3, undefined],
    ]);
  });

  it('acknowledges without anything to take it along after its delay, or at once for many frames', async () => {
    await start({ limits: { ackDelayMs: 100, ackFrames: 8 } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { id } = await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(1000);
    const before = ann.frames.length;
    ann.send({ case: 'signal', value: { to: id } });
    await kit.pass(99);
    expect(ann.since(before)).toEqual([]);
    await kit.pass(1);
    expect(ann.since(before)).toMatchObject([{ seq: 0, ack: 2 }]);
    for (let i = 0; i < 8; i += 1) ann.send({ case: 'signal', value: { to: id } });
    await kit.settle();
    expect(ann.acked).toBe(10);
  });

  it('acknowledges at once what a large part of the sender’s window waits for', async () => {
    await start({ limits: { ackBytes: 10_000 } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { id } = await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(1000);
    const describe = (bytes: number) => {
      const payload = { case: 'description' as const, value: { sdp: 'x'.repeat(bytes) } };
      ann.send({ case: 'signal', value: { to: id, payload } });
    };
    describe(8000);
    await kit.settle();
    expect(ann.acked).toBe(1);
    describe(2000);
    await kit.settle();
    expect(ann.acked).toBe(3);
    describe(8000);
    await kit.settle();
    expect(ann.acked).toBe(3);
  });

  it('hands LOSSY messages to lanes that can be written now, and to nobody later', async () => {
    await start();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const { client: cy } = await kit.inRoom('r', { identity: 'cy' });
    bob.stall();
    say(ann, 'fills the transport');
    await kit.settle();
    say(ann, 'lossy', DeliveryClass.LOSSY);
    await kit.settle();
    bob.drain();
    await kit.settle();
    expect(texts(cy)).toEqual(['fills the transport', 'lossy']);
    expect(texts(bob)).toEqual(['fills the transport']);
  });

  it('costs one session, not the gateway, when a frame cannot be written', async () => {
    await start();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const { client: cy } = await kit.inRoom('r', { identity: 'cy' });
    vi.spyOn(bob.writes as Uint8Array[], 'push').mockImplementationOnce(() => {
      throw new Error('the transport is broken');
    });
    say(ann, 'one');
    await kit.settle();
    say(ann, 'two');
    await kit.settle();
    expect(texts(cy)).toEqual(['one', 'two']);
    expect(bob.end?.status).toBe('internal');
    expect(kit.errors.splice(0)).toMatchObject([{ message: 'frames could not be written' }]);
  });

  it('brings a reader that fell off the log back by a snapshot, with the messages that are kept', async () => {
    await start({ limits: { roomEntries: 10, historyMessages: 5 } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    bob.stall();
    say(ann, 'fills the transport');
    await kit.settle();
    for (let i = 0; i < 30; i += 1) say(ann, `m${i}`);
    await kit.settle();
    bob.drain();
    await kit.settle();
    const joined = bob.all('joined').at(-1);
    expect(joined).toMatchObject({ missedMessages: true, offset: 33 });
    expect(joined?.history.map(({ message }) => message?.content.value)).toEqual([
      'm25',
      'm26',
      'm27',
      'm28',
      'm29',
    ]);
    say(ann, 'goes on');
    await kit.settle();
    expect(texts(bob)).toEqual(['fills the transport', 'goes on']);
  });

  it('hands the messages over that a change of presence would have a cursor jump over', async () => {
    await start();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    say(ann, 'in the same tick');
    const settings = create(RoomSettingsSchema, { presence: Presence.COUNT });
    kit.engine.updateRoom(roomKey('', 'r'), { settings, paths: ['presence'] });
    await kit.settle();
    const joined = bob.all('joined').at(-1);
    expect(texts(bob)).toEqual([]);
    expect(joined?.participants).toEqual([]);
    expect(joined?.history.map(({ message }) => message?.content.value)).toEqual(['in the same tick']);
    expect(joined?.missedMessages).toBe(false);
  });

  it('hands over what was said between a join and its first Joined: the snapshot stands behind it', async () => {
    await start();
    const ann = await kit.client({ identity: 'ann' });
    const bob = await kit.client({ identity: 'bob' });
    // Ann's transport takes nothing while she joins and Bob speaks.
    ann.stall();
    ann.send({ case: 'ping', value: { id: 1 } });
    await kit.settle();
    bob.send({ case: 'join', value: { room: 'r' } });
    say(bob, 'before Ann');
    ann.send({ case: 'join', value: { room: 'r' } });
    say(bob, 'after her join');
    await kit.settle();
    ann.drain();
    await kit.settle();
    const [joined] = ann.all('joined');
    expect(joined?.history.map(({ message }) => message?.content.value)).toEqual(['after her join']);
    expect(joined?.missedMessages).toBe(false);
    expect(texts(ann)).toEqual([]);
  });

  it('tells no count in the inbox, where it would be older than the room’s', async () => {
    await start({ settings: { presence: Presence.COUNT } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.stall();
    ann.send({ case: 'updateParticipant', value: { room: 'r', name: 'Ann' } });
    await kit.settle();
    ann.send({ case: 'updateParticipant', value: { room: 'r', name: 'Anne' } });
    await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(1000);
    ann.drain();
    await kit.settle();
    const counts = ann.all('rosterDelta').map(({ count }) => count);
    expect(counts).toEqual([0, 2, 0]);
  });

  it('ends with the newest count, though the log comes in several ticks and the number stands beside it', async () => {
    await start({ settings: { presence: Presence.LISTED }, limits: { gatherBytes: 300 } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.stall();
    ann.send({ case: 'ping', value: { id: 1 } });
    await kit.settle();
    for (let i = 0; i < 8; i += 1) await kit.inRoom('r', { identity: `listed${i}` });
    await kit.inRoom('r', { identity: 'quiet', permissions: { listed: false } });
    await kit.pass(1000);
    ann.drain();
    await kit.settle();
    expect(ann.all('rosterDelta').map(({ count }) => count)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  // Found by the random schedules: who had read neither knew the older number in the end.
  it('ends with the newest count where the log tells it behind an older one beside it', async () => {
    await start({ settings: { presence: Presence.LISTED } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.stall();
    ann.send({ case: 'ping', value: { id: 1 } });
    await kit.settle();
    await kit.inRoom('r', { identity: 'quiet', permissions: { listed: false } });
    await kit.pass(1000);
    await kit.inRoom('r', { identity: 'listed' });
    await kit.pass(1000);
    ann.drain();
    await kit.settle();
    expect(ann.all('rosterDelta').map(({ count }) => count)).toEqual([3]);
  });
});

describe('a round that takes several ticks', () => {
  it('hands LOSSY messages to all that read the room, and those of later ticks in later rounds', async () => {
    await start();
    const clients = [];
    for (const identity of ['ann', 'bob', 'cy']) clients.push((await kit.inRoom('r', { identity })).client);
    const [ann] = clients as [TestClient];
    await kit.pass(1000);
    for (const { writes } of clients) {
      const push = (writes as Uint8Array[]).push.bind(writes);
      // One flush is longer than a slice.
      vi.spyOn(writes as Uint8Array[], 'push').mockImplementation((...bytes) => {
        kit.clock.moveTo(kit.clock.now() + 10);
        return push(...bytes);
      });
    }
    say(ann, 'one', DeliveryClass.LOSSY);
    kit.clock.tick();
    say(ann, 'two', DeliveryClass.LOSSY);
    await kit.settle();
    expect(clients.map(texts)).toEqual([
      ['one', 'two'],
      ['one', 'two'],
      ['one', 'two'],
    ]);
  });

  it('brings a join before its signals to a session that waits in the round of before', async () => {
    await start();
    const { client: dee } = await kit.inRoom('r', { identity: 'dee' });
    const { client: bob, id: bobId } = await kit.inRoom('r', { identity: 'bob' });
    const { client: ann, id: annId } = await kit.inRoom('r', { identity: 'ann' });
    const cy = await kit.client({ identity: 'cy' });
    await kit.pass(1000);
    const push = (bob.writes as Uint8Array[]).push.bind(bob.writes);
    vi.spyOn(bob.writes as Uint8Array[], 'push').mockImplementationOnce((...bytes) => {
      kit.clock.moveTo(kit.clock.now() + 10);
      return push(...bytes);
    });
    const before = ann.frames.length;
    for (const to of [bobId, annId]) dee.send({ case: 'signal', value: { to } });
    kit.clock.tick();
    // Bob's flush has used up the slice. Ann is due for her inbox alone; the room is not due to anybody yet.
    expect(ann.since(before)).toEqual([]);
    cy.send({ case: 'join', value: { room: 'r' } });
    cy.send({ case: 'signal', value: { to: annId } });
    await kit.settle();
    const told = ann.since(before).map(({ body, origin }) => [body.case, origin?.sender !== undefined]);
    expect(told).toEqual([
      ['rosterDelta', false],
      ['signal', true],
      ['signal', true],
    ]);
  });
});

describe('the pump under load', () => {
  /** Sessions whose flush takes so long, in milliseconds, and a pump for them. */
  function slow(costMs: number) {
    const clock = new VirtualClock();
    const engine = new MemoryEngine({ clock, crypto: nodeCrypto, limits: defaultLimits });
    const flushed: string[] = [];
    const session = (name: string) =>
      ({
        pump: () => {
          flushed.push(name);
          clock.moveTo(clock.now() + costMs);
        },
      }) as unknown as Session;
    return { clock, flushed, session, pump: new Pump(clock, engine) };
  }

  it('flushes for five milliseconds a tick, and takes what comes meanwhile behind what waits', () => {
    const { clock, flushed, session, pump } = slow(4);
    for (const name of ['a', 'b', 'c', 'd', 'e']) pump.markDirty(session(name));
    clock.tick();
    expect(flushed).toEqual(['a', 'b']);
    pump.markDirty(session('late'));
    clock.tick();
    expect(flushed).toEqual(['a', 'b', 'c', 'd']);
    clock.tick();
    clock.tick();
    expect(flushed).toEqual(['a', 'b', 'c', 'd', 'e', 'late']);
    expect(clock.hasSoon).toBe(false);
  });

  it('does not wait for the end of a tick that takes long: thousands of sockets may have something in one', async () => {
    const { clock, flushed, session, pump } = slow(0);
    pump.markDirty(session('a'));
    await Promise.resolve();
    expect(flushed).toEqual([]);
    clock.moveTo(clock.now() + 10);
    pump.markDirty(session('b'));
    expect(flushed).toEqual([]);
    await Promise.resolve();
    expect(flushed).toEqual(['a', 'b']);
    pump.markDirty(session('c'));
    await Promise.resolve();
    expect(flushed).toEqual(['a', 'b']);
    clock.tick();
    expect(flushed).toEqual(['a', 'b', 'c']);
  });
});
