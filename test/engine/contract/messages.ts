import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import type { ServerFrame } from '../../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { EngineKit, type MakeEngine, type Settings } from './engine-kit.ts';

const key = roomKey('', 'r');
const text = (value: string) => ({ content: { case: 'text' as const, value } });

function textOf(frame: { message?: unknown; body?: ServerFrame['body'] }): string | undefined {
  const { body } = frame;
  return body?.case === 'message' && body.value.content.case === 'text'
    ? body.value.content.value
    : undefined;
}

export function messagesContract(make: MakeEngine): void {
  const start = async (settings: Settings = {}, limits = {}) => {
    const kit = await EngineKit.start(make, limits);
    await kit.join('r', 'a', { settings });
    return kit;
  };
  const texts = (kit: EngineKit) => kit.log('r').flatMap((frame) => textOf(frame) ?? []);

  describe('RELIABLE', () => {
    it('stand in the room’s log once, with who, when and where', async () => {
      const kit = await start();
      const published = await kit.say('r', 'a', { ...text('hello'), messageType: 'chat', seq: 7 });
      expect(published).toMatchObject({ offset: 2 });
      const [frame] = kit.log('r').slice(1);
      expect(frame).toMatchObject({
        seq: 0,
        ack: 0,
        origin: { identity: 'a', senderSeq: 7, offset: 2, acceptedAtMs: BigInt(kit.clock.now()) },
        body: { case: 'message', value: { room: 'r', messageType: 'chat' } },
      });
      expect(kit.told.rooms.at(-1)).toBe(key);
    });

    it('are taken once, however often they come', async () => {
      const kit = await start();
      await kit.say('r', 'a', { ...text('one'), seq: 1 });
      await kit.say('r', 'a', { ...text('two'), seq: 2 });
      expect(await kit.say('r', 'a', { ...text('one'), seq: 1 })).toMatchObject({ duplicate: true });
      expect(await kit.say('r', 'a', { ...text('two'), seq: 2 })).toMatchObject({ duplicate: true });
      expect(texts(kit)).toEqual(['one', 'two']);
    });

    it('keep their offsets without gaps while the log loses its front to its bounds', async () => {
      const kit = await start({}, { roomEntries: 3 });
      for (let i = 1; i <= 5; i += 1) await kit.say('r', 'a', text(`m${i}`));
      expect(texts(kit)).toEqual(['m3', 'm4', 'm5']);
      expect([kit.view('r').log.lo, kit.view('r').log.hi]).toEqual([3, 6]);
    });

    it('leave the log by bytes and by age; the newest entry stays', async () => {
      const kit = await start({}, { roomBytes: 500, roomAgeMs: 1000 });
      await kit.say('r', 'a', text('x'.repeat(300)));
      await kit.say('r', 'a', text('y'.repeat(300)));
      expect(texts(kit)).toEqual(['y'.repeat(300)]);
      await kit.say('r', 'a', text('z'));
      kit.clock.advance(2000);
      await kit.engine.sweep();
      expect(texts(kit)).toEqual(['z']);
    });

    it('come to late joiners as history, as many as they ask for and the room keeps, whatever the roster’s churn', async () => {
      const kit = await start({}, { historyMessages: 3, roomEntries: 4 });
      for (let i = 1; i <= 9; i += 1) await kit.say('r', 'a', text(`m${i}`));
      for (let i = 0; i < 5; i += 1) await kit.join('r', `b${i}`);
      const history = (count: number) =>
        kit
          .snapshot('r', 'b0', count)
          .joined.history.map(({ message, origin }) => [message?.content.value, origin?.offset]);
      expect(history(0)).toEqual([]);
      expect(history(2)).toEqual([
        ['m8', 9],
        ['m9', 10],
      ]);
      expect(history(99)).toEqual([
        ['m7', 8],
        ['m8', 9],
        ['m9', 10],
      ]);
    });

    it('keep no history where the limit is 0', async () => {
      const kit = await start({}, { historyMessages: 0 });
      for (let i = 1; i <= 3; i += 1) await kit.say('r', 'a', text(`m${i}`));
      expect(kit.snapshot('r', 'a', 99).joined.history).toEqual([]);
      expect(kit.snapshot('r', 'a', 0, 2).joined.missedMessages).toBe(true);
    });

    it('come to a reader that fell behind with its snapshot, and it is told where some are missing', async () => {
      const kit = await start({}, { historyMessages: 2, roomEntries: 2 });
      for (let i = 1; i <= 6; i += 1) await kit.say('r', 'a', text(`m${i}`));
      const from = (since: number) => {
        const { history, missedMessages } = kit.snapshot('r', 'a', 0, since).joined;
        return [history.map(({ message }) => message?.content.value), missedMessages];
      };
      // m1 has offset 2, m6 has 7.
      expect(from(7)).toEqual([[], false]);
      expect(from(6)).toEqual([['m6'], false]);
      expect(from(5)).toEqual([['m5', 'm6'], false]);
      expect(from(4)).toEqual([['m5', 'm6'], true]);
      expect(kit.snapshot('r', 'a', 0).joined).toMatchObject({ history: [], missedMessages: false });
    });

    it('are refused while slow mode says wait, but not to moderators, and stay refused', async () => {
      const kit = await start({ slowMode: durationFromMs(1000) });
      await kit.join('r', 'm', { permissions: { moderate: true } });
      await kit.say('r', 'a', text('one'));
      kit.clock.advance(400);
      const refused = { reason: Reason.RATE_LIMITED, retryAfterMs: 600 };
      expect(await kit.say('r', 'a', { ...text('two'), seq: 2 })).toMatchObject(refused);
      kit.clock.advance(600);
      expect(await kit.say('r', 'a', { ...text('two'), seq: 2 })).toHaveProperty('reason');
      expect(await kit.say('r', 'a', { ...text('three'), seq: 3 })).toMatchObject({ offset: 4 });
      await kit.say('r', 'm', text('m1'));
      await kit.say('r', 'm', text('m2'));
      expect(texts(kit)).toEqual(['one', 'three', 'm1', 'm2']);
    });
  });

  describe('LATEST', () => {
    const latest = (keyName: string, value: string, messageType = 'slide') => ({
      delivery: DeliveryClass.LATEST,
      key: keyName,
      messageType,
      ...text(value),
    });

    it('replace one another by type and key, stand in no log, and come to joiners', async () => {
      const kit = await start();
      const first = await kit.say('r', 'a', latest('k', 'one'));
      await kit.say('r', 'a', latest('k', 'other type', 'cursor'));
      await kit.say('r', 'a', latest('k2', 'other key'));
      await kit.say('r', 'a', latest('k', 'two'));
      expect(first).toMatchObject({ version: 1, offset: 0 });
      expect(texts(kit)).toEqual([]);
      await kit.join('r', 'b');
      const { joined } = kit.snapshot('r', 'b');
      expect(joined.version).toBe(4);
      expect(
        joined.retained.map(({ message, origin }) => [
          message?.content.value,
          origin?.version,
          origin?.identity,
        ]),
      ).toEqual([
        ['other type', 2, 'a'],
        ['other key', 3, 'a'],
        ['two', 4, 'a'],
      ]);
    });

    it('are read above a version, each key once, in order', async () => {
      const kit = await start();
      for (const value of ['one', 'two', 'three']) await kit.say('r', 'a', latest('k', value));
      await kit.say('r', 'a', latest('l', 'x'));
      expect(kit.board('r').map(textOf)).toEqual(['three', 'x']);
      expect(kit.board('r', 3).map(textOf)).toEqual(['x']);
      expect(kit.board('r', 4)).toEqual([]);
    });

    it('are deleted by empty content: readers learn of it, joiners do not', async () => {
      const kit = await start();
      await kit.say('r', 'a', latest('k', 'one'));
      await kit.say('r', 'a', latest('k', ''));
      expect(kit.board('r', 1)).toMatchObject([{ origin: { version: 2 }, body: { value: { key: 'k' } } }]);
      expect(kit.snapshot('r', 'a').joined.retained).toEqual([]);
    });

    it('are taken once', async () => {
      const kit = await start();
      await kit.say('r', 'a', { ...latest('k', 'one'), seq: 1 });
      await kit.say('r', 'a', { ...latest('k', 'two'), seq: 2 });
      await kit.say('r', 'a', { ...latest('k', 'one'), seq: 1 });
      expect(kit.board('r').map(textOf)).toEqual(['two']);
    });
  });

  describe('COUNTED', () => {
    const like = (count: number, more = {}) => ({
      delivery: DeliveryClass.COUNTED,
      messageType: 'like',
      count: BigInt(count),
      ...more,
    });

    it('are summed and told once a tick, by nobody, and come to joiners', async () => {
      const kit = await start();
      for (let i = 0; i < 100; i += 1) await kit.say('r', 'a', like(i % 2 === 0 ? 3 : -1));
      const frames = kit.board('r');
      expect(frames).toHaveLength(1);
      expect(frames[0]).toMatchObject({
        origin: { sender: '', identity: '', total: 100n, version: 1 },
        body: { value: { room: 'r', messageType: 'like', delivery: DeliveryClass.COUNTED } },
      });
      await kit.say('r', 'a', like(1));
      expect(kit.board('r', 1)).toMatchObject([{ origin: { total: 101n, version: 2 } }]);
      await kit.join('r', 'b');
      expect(kit.snapshot('r', 'b').joined.retained).toMatchObject([{ origin: { total: 101n } }]);
    });

    it('count a like once, however often it comes', async () => {
      const kit = await start();
      await kit.say('r', 'a', like(5, { seq: 1 }));
      await kit.say('r', 'a', like(5, { seq: 1 }));
      expect(kit.board('r')).toMatchObject([{ origin: { total: 5n } }]);
    });
  });

  describe('LOSSY', () => {
    const lossy = { delivery: DeliveryClass.LOSSY, seq: 0, ...text('x') };

    it('go to those who can be written now, and are kept nowhere', async () => {
      const kit = await start();
      await kit.say('r', 'a', lossy);
      expect(kit.told.lossy).toMatchObject([{ origin: { identity: 'a', senderSeq: 0, offset: 0 } }]);
      expect(kit.log('r')).toHaveLength(1);
      expect(kit.board('r')).toEqual([]);
    });

    it('are thinned to the room’s rate, without a burst in the first second', async () => {
      const kit = await start({ maxLossyPerSecond: 10 });
      // 200 a second for two seconds.
      for (let i = 0; i < 400; i += 1) {
        await kit.say('r', 'a', lossy);
        kit.clock.advance(5);
      }
      expect(kit.told.lossy.length).toBeGreaterThanOrEqual(19);
      expect(kit.told.lossy.length).toBeLessThanOrEqual(21);
    });

    it('are thinned to the gateway’s rate where the settings say nothing', async () => {
      const kit = await start({}, { lossyPerSecond: 20 });
      for (let i = 0; i < 50; i += 1) await kit.say('r', 'a', lossy);
      expect(kit.told.lossy).toHaveLength(2);
    });
  });

  it('for some go to those who are meant, together by all that is named', async () => {
    const kit = await start();
    await kit.join('r', 'b1', { identity: 'bob', role: 'guest', device: '1' });
    await kit.join('r', 'b2', { identity: 'bob', role: 'host', device: '2' });
    await kit.join('r', 'c', { role: 'guest' });
    const sessions = async (audience: { participant?: string; identity?: string; role?: string }) =>
      (await kit.engine.audience(key, { participant: '', identity: '', role: '', ...audience })).map(
        ({ session }) => session.id,
      );
    expect(await sessions({ identity: 'bob' })).toEqual(['b1', 'b2']);
    expect(await sessions({ role: 'guest' })).toEqual(['b1', 'c']);
    expect(await sessions({ identity: 'bob', role: 'guest' })).toEqual(['b1']);
    const id = kit.view('r').members.ofSession('c')?.id ?? '';
    expect(await sessions({ participant: id })).toEqual(['c']);
    expect(await sessions({ participant: id, role: 'host' })).toEqual([]);
    expect(await sessions({ participant: 'x' })).toEqual([]);
  });

  it('find no room that is not there', async () => {
    const kit = await start();
    const { offset, ...refusal } = (await kit.engine.publish(roomKey('', 'none'), {
      record: new Uint8Array(),
      delivery: DeliveryClass.RELIABLE,
      messageType: '',
      key: '',
      hasContent: true,
      count: 0,
      sender: { session: 'a', participant: '', seq: 1, origin: {} as never },
    })) as { offset?: number; reason?: Reason };
    expect([offset, refusal.reason]).toEqual([undefined, Reason.ROOM_NOT_FOUND]);
  });
}
