import { create } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from 'vitest';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  RoomSettings_Duplicates as Duplicates,
  RoomSettingsSchema,
} from '../../../gen/signalbox/v1/room_pb.ts';
import { NextStep, Welcome_Outcome as Outcome } from '../../../gen/signalbox/v1/session_pb.ts';
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

/** A session of Ann's, that has joined nothing yet. */
const open = (device: string) => kit.client({ identity: 'ann' }, { hello: { deviceId: device } });

/** Joins, and says what came of it: a participant id, or why not. */
async function join(client: TestClient): Promise<string> {
  const joined = client.all('joined').length;
  const errors = client.all('error').length;
  client.send({ case: 'join', value: { room: 'r' } });
  await kit.settle();
  const error = client.all('error')[errors];
  if (error !== undefined) return enumName(Reason, error.reason);
  return client.all('joined')[joined]?.participant?.id ?? 'nothing';
}

async function start(duplicates: Duplicates, options: TestNodeOptions = {}) {
  kit = await startTestNode({ ...options, settings: { duplicates, ...options.settings } });
  const { client: watcher } = await kit.inRoom('r', { identity: 'watcher' });
  return watcher;
}

/** What a roster said since, in order: `+id`, `-id REASON by id`. */
function changes(client: TestClient): string[] {
  return client
    .all('rosterDelta')
    .flatMap(({ joined, left }) => [
      ...left.map(({ id, reason, replacedBy }) => `-${id} ${enumName(Reason, reason)} by ${replacedBy}`),
      ...joined.map(({ id }) => `+${id}`),
    ]);
}

/** Why a client is out of rooms, in order. */
const outOf = (client: TestClient) => client.all('left').map(({ reason }) => enumName(Reason, reason));

const replacing = [
  ['REPLACE_SAME_DEVICE, on one device', Duplicates.REPLACE_SAME_DEVICE, 'phone', 'phone'],
  ['nothing said, on one device', Duplicates.UNSPECIFIED, 'phone', 'phone'],
  ['REPLACE, on one device', Duplicates.REPLACE, 'phone', 'phone'],
  ['REPLACE, on two', Duplicates.REPLACE, 'phone', 'tablet'],
] as const;
const allowing = [
  ['REPLACE_SAME_DEVICE, on two devices', Duplicates.REPLACE_SAME_DEVICE, 'phone', 'tablet'],
  ['REPLACE_SAME_DEVICE, on devices without a name', Duplicates.REPLACE_SAME_DEVICE, '', ''],
  ['ALLOW, on one device', Duplicates.ALLOW, 'phone', 'phone'],
  ['ALLOW, on two', Duplicates.ALLOW, 'phone', 'tablet'],
] as const;

describe.each(replacing)('an identity that is in the room, with %s', (_, policy, device, other) => {
  it('is replaced: peers learn by whom before they see the newcomer, and the older one is told', async () => {
    const watcher = await start(policy);
    const older = await open(device);
    const olderId = await join(older);
    const newer = await open(other);
    const newerId = await join(newer);
    expect(changes(watcher)).toEqual([`+${olderId}`, `-${olderId} REPLACED by ${newerId}`, `+${newerId}`]);
    expect([outOf(older), outOf(newer), older.end, newer.end]).toEqual([
      ['REPLACED'],
      [],
      undefined,
      undefined,
    ]);
    // It is out: it neither hears nor says anything more.
    watcher.send({ case: 'signal', value: { to: newerId } });
    older.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'still here' } } });
    await kit.settle();
    expect([older.all('signal').length, newer.all('signal').length]).toEqual([0, 1]);
    expect(older.all('error').map(({ reason }) => reason)).toEqual([Reason.NOT_JOINED]);
    expect(watcher.all('message')).toEqual([]);
  });

  it('does not evict the newer session, however often the stale page asks: no ping-pong', async () => {
    const watcher = await start(policy);
    const older = await open(device);
    await join(older);
    const newer = await open(other);
    const newerId = await join(newer);
    for (let i = 0; i < 10; i += 1) {
      await kit.pass(1000);
      expect(await join(older)).toBe('REPLACED');
      expect(await join(newer)).toBe(newerId);
    }
    expect(changes(watcher)).toHaveLength(3);
    newer.send({ case: 'leave', value: { room: 'r' } });
    await kit.settle();
    expect(await join(older)).not.toBe('REPLACED');
  });

  it('knows the newer of two that were opened in one millisecond, whichever joins first', async () => {
    for (const order of ['as opened', 'the other way round']) {
      await start(policy);
      const began = kit.clock.now();
      const first = await open(device);
      const second = await open(other);
      expect(kit.clock.now()).toBe(began);
      if (order === 'as opened') await join(first);
      const secondId = await join(second);
      expect(await join(first)).toBe('REPLACED');
      expect(await join(second)).toBe(secondId);
      expect(outOf(second)).toEqual([]);
      await kit.stop();
    }
    kit = await startTestNode();
  });

  it('of a page that crashed makes way for the next one; who resumes it later is told that it is out', async () => {
    const watcher = await start(policy);
    const older = await open(device);
    const olderId = await join(older);
    older.drop();
    await kit.settle();
    const newer = await open(other);
    const newerId = await join(newer);
    const [welcome] = older.all('welcome');
    if (welcome === undefined) throw new Error('there was no Welcome');
    const resume = resumeOf(older, welcome);
    const back = await kit.client({}, { token: '', hello: { resume }, firstSeq: 2 });
    expect(back.all('welcome')).toMatchObject([{ outcome: Outcome.RESUMED }]);
    expect(outOf(back)).toEqual(['REPLACED']);
    expect(await join(back)).toBe('REPLACED');
    expect(changes(watcher)).toEqual([`+${olderId}`, `-${olderId} REPLACED by ${newerId}`, `+${newerId}`]);
    expect(outOf(newer)).toEqual([]);
  });

  it('that waits in the lobby is replaced there by the same rule, and let in as the newer one', async () => {
    await start(policy);
    await kit.inRoom('r', { identity: 'host', permissions: { moderate: true } });
    const settings = create(RoomSettingsSchema, { lobby: true });
    kit.engine.updateRoom(key, { settings, paths: ['lobby'] });
    const older = await open(device);
    const newer = await open(other);
    expect([await join(older), await join(newer), await join(older)]).toEqual([
      'nothing',
      'nothing',
      'REPLACED',
    ]);
    expect([outOf(older), outOf(newer)]).toEqual([['REPLACED'], []]);
    const waiting = kit.engine.lobby(key).map(({ participant }) => participant?.id ?? '');
    expect(waiting).toHaveLength(1);
    for (const id of waiting) kit.engine.admit(key, id);
    await kit.settle();
    expect(newer.all('joined')).toHaveLength(1);
    expect(await join(older)).toBe('REPLACED');
  });
});

describe.each(allowing)('an identity that is in the room, with %s', (_, policy, device, other) => {
  it('is there twice', async () => {
    const watcher = await start(policy);
    const older = await open(device);
    const newer = await open(other);
    const ids = [await join(newer), await join(older)];
    expect(changes(watcher)).toEqual(ids.map((id) => `+${id}`));
    expect([outOf(older), outOf(newer)]).toEqual([[], []]);
  });
});

describe('an identity that is in the room, with REJECT', () => {
  it('keeps its place, also while it is away, until it has gone', async () => {
    const watcher = await start(Duplicates.REJECT);
    const older = await open('phone');
    const olderId = await join(older);
    const newer = await open('phone');
    expect(await join(newer)).toBe('IDENTITY_IN_USE');
    older.drop();
    await kit.pass(kit.limits.resumeWindowMs - 1);
    expect(await join(newer)).toBe('IDENTITY_IN_USE');
    await kit.pass(1);
    const newerId = await join(newer);
    expect(changes(watcher)).toEqual([`+${olderId}`, `-${olderId} LEASE_EXPIRED by `, `+${newerId}`]);
  });
});

describe('another connection of the same session', () => {
  it('that comes late, with a lower attempt, is told so and evicts nobody', async () => {
    const watcher = await start(Duplicates.REPLACE_SAME_DEVICE);
    const ann = await open('phone');
    const id = await join(ann);
    const [welcome] = ann.all('welcome');
    if (welcome === undefined) throw new Error('there was no Welcome');
    const attempt = (number: number) =>
      kit.client({}, { token: '', hello: { resume: { ...resumeOf(ann, welcome), attempt: number } } });
    const third = await attempt(3);
    const second = await attempt(2);
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.REPLACED, nextStep: NextStep.STOP }]);
    expect(second.all('closed')).toMatchObject([{ reason: Reason.REPLACED, nextStep: NextStep.STOP }]);
    watcher.send({ case: 'signal', value: { to: id } });
    await kit.pass(60_000);
    expect([third.end, third.all('signal').length]).toEqual([undefined, 1]);
    expect(changes(watcher)).toEqual([`+${id}`]);
  });
});
