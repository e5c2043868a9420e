import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, it } from 'vitest';
import { DeliveryClass } from '../gen/signalbox/v1/message_pb.ts';
import { Participant_State as State } from '../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../gen/signalbox/v1/reason_pb.ts';
import { RoomSettingsSchema, RoomSettings_Topology as Topology } from '../gen/signalbox/v1/room_pb.ts';
import {
  ClientState_Activity as Activity,
  Welcome_Outcome as Outcome,
} from '../gen/signalbox/v1/session_pb.ts';
import { RevocationList } from '../src/auth/revocation-list.ts';
import { resolveSettings } from '../src/core/room/settings.ts';
import { roomKey } from '../src/core/room-key.ts';
import { ConfiguredIceServers } from '../src/ice/configured-ice-servers.ts';
import type { TestGrants } from './helpers/node-kit.ts';
import { freeze, restartNode, startFrom } from './helpers/restart-node.ts';
import { resumeOf } from './helpers/resume-point.ts';
import type { ScriptedClientOptions } from './helpers/scripted-client.ts';
import { startTestNode, type TestClient, type TestNode } from './helpers/test-node.ts';
import { VirtualClock } from './helpers/virtual-clock.ts';

let kit: TestNode;
const key = roomKey('', 'r');

afterEach(() => kit.stop());

async function restart(options: Parameters<typeof restartNode>[1] = { downMs: 1500 }): Promise<void> {
  kit = await restartNode(kit, options);
}

/** The client comes back to the node that is there now. */
async function resume(
  lost: TestClient,
  grants: TestGrants = {},
  options: ScriptedClientOptions = {},
): Promise<TestClient> {
  const first = lost.all('welcome')[0]!;
  const client = await kit.client(
    { identity: 'ann', ...grants },
    { firstSeq: lost.seq + 1, hello: { resume: resumeOf(lost, first) }, ...options },
  );
  expect(client.all('welcome')[0]).toMatchObject({ outcome: Outcome.RESUMED, epoch: first.epoch });
  expect(client.all('resync')).toEqual([]);
  return client;
}

const text = (value: string) => ({ case: 'text' as const, value });

describe('after an orderly restart', () => {
  it('a client goes on where it stood: what was acknowledged is there, what comes again is known', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' }, { autoAck: false });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    for (const name of ['one', 'two', 'three']) {
      bob.send({ case: 'signal', value: { to: id, connectionId: name, wantReceipt: true } });
    }
    bob.send({ case: 'message', value: { room: 'r', content: text('hello') } });
    await kit.settle();
    ann.drop();
    bob.send({ case: 'signal', value: { to: id, connectionId: 'four' } });
    bob.send({ case: 'message', value: { room: 'r', content: text('are you there?') } });
    await kit.settle();
    expect(bob.acked).toBe(bob.seq);
    await restart();

    const again = await resume(ann);
    // It had read the first three, and says so now: their sender gets the receipts that are owed, after its own restart.
    expect(again.all('signal').map(({ connectionId }) => connectionId)).toEqual(['four']);
    expect(again.all('message').map(({ content }) => content.value)).toEqual(['are you there?']);
    expect(again.all('joined')).toEqual([]);
    const bobAgain = await resume(bob, { identity: 'bob' });
    await kit.settle();
    expect(bobAgain.all('receipt').map(({ delivered }) => delivered)).toEqual([true, true, true]);
    // The newest frame once more: a client that did not see its acknowledgement sends it again.
    bobAgain.send({ case: 'message', value: { room: 'r', content: text('are you there?') } }, bob.seq);
    bobAgain.send({ case: 'message', value: { room: 'r', content: text('good') } });
    await kit.settle();
    expect(bobAgain.acked).toBe(bobAgain.seq);
    expect(again.all('message').map(({ content }) => content.value)).toEqual(['are you there?', 'good']);
  });

  it('an older attempt is refused as before, and a wrong secret too', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const first = ann.all('welcome')[0]!;
    ann.drop();
    const again = await resume(ann);
    again.drop();
    await restart();
    const resumeFrom = resumeOf(ann, first);
    const late = await kit.client({ identity: 'ann' }, { hello: { resume: { ...resumeFrom, attempt: 1 } } });
    expect(late.all('closed')[0]).toMatchObject({ reason: Reason.REPLACED });
    const token = `${first.sessionId}.${'x'.repeat(43)}`;
    const thief = await kit.client({ identity: 'ann' }, { hello: { resume: { ...resumeFrom, token } } });
    expect(thief.all('welcome')[0]).toMatchObject({ outcome: Outcome.FRESH, reason: Reason.DENIED });
  });

  it('values, totals, history, settings, lock, bans and slow mode are as they were', async () => {
    kit = await startTestNode({ settings: { slowMode: durationFromMs(60_000) } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const say = (more: object) => ann.send({ case: 'message', value: { room: 'r', ...more } });
    say({ content: text('hello') });
    say({ delivery: DeliveryClass.LATEST, key: 'slide', content: text('7') });
    say({ delivery: DeliveryClass.LATEST, key: 'gone', content: text('x') });
    say({ delivery: DeliveryClass.LATEST, key: 'gone', content: text('') });
    for (let like = 0; like < 5; like += 1)
      say({ delivery: DeliveryClass.COUNTED, messageType: 'like', count: 2n });
    await kit.settle();
    kit.engine.ban(key, { identity: 'mallory', until: Number.POSITIVE_INFINITY, note: 'rude' });
    await restart();

    const again = await resume(ann);
    again.send({ case: 'message', value: { room: 'r', content: text('too soon') } });
    again.send({
      case: 'message',
      value: { room: 'r', delivery: DeliveryClass.COUNTED, messageType: 'like', count: 1n },
    });
    const mallory = await kit.client({ identity: 'mallory' });
    mallory.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    expect(again.all('error')[0]).toMatchObject({ reason: Reason.RATE_LIMITED });
    expect(mallory.all('error')[0]).toMatchObject({ reason: Reason.BANNED });
    const bob = await kit.client({ identity: 'bob' });
    bob.send({ case: 'join', value: { room: 'r', history: 10 } });
    await kit.settle();
    const { history, retained } = bob.all('joined')[0]!;
    expect(history.map(({ message }) => message?.content.value)).toEqual(['hello']);
    const values = retained.map(({ message, origin }) => [
      message?.key,
      message?.content.value,
      origin?.total,
    ]);
    expect(values).toEqual([
      ['slide', '7', 0n],
      ['', undefined, 11n],
    ]);
  });

  it('who waits in the lobby is let in, by a moderator who sees them', async () => {
    kit = await startTestNode({ settings: { lobby: true } });
    const { client: mod } = await kit.inRoom('r', { identity: 'mod', permissions: { moderate: true } });
    const ann = await kit.client({ identity: 'ann' });
    ann.send({ case: 'join', value: { room: 'r', knock: 'it is me' } });
    await kit.settle();
    await restart();
    expect(kit.engine.lobby(key)[0]).toMatchObject({ knock: 'it is me', participant: { identity: 'ann' } });
    const again = await resume(ann);
    const waiting = kit.engine.lobby(key)[0]?.participant?.id ?? '';
    expect(kit.engine.admit(key, waiting)).toBe(true);
    await kit.settle();
    expect(again.all('joined')[0]).toMatchObject({ room: 'r', participant: { id: expect.any(String) } });
    const modAgain = await resume(mod, { identity: 'mod', permissions: { moderate: true } });
    expect(
      modAgain.all('rosterDelta').flatMap(({ joined }) => joined.map(({ identity }) => identity)),
    ).toEqual(['ann']);
  });

  it('members keep their hubs, and a hub that leaves is replaced', async () => {
    kit = await startTestNode({ settings: { topology: Topology.HUB } });
    const hub = (identity: string) => kit.inRoom('r', { identity, permissions: { hub: true } });
    const { client: hubOne, id: one } = await hub('hub-1');
    const { id: two } = await hub('hub-2');
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    await kit.inRoom('r', { identity: 'bob' });
    const hubOf = (identity: string) =>
      [...(kit.engine.view(key)?.members.all() ?? [])].find(
        (member) => member.participant.identity === identity,
      )?.hub;
    expect([hubOf('ann'), hubOf('bob')]).toEqual([one, two]);
    await restart();
    expect([hubOf('ann'), hubOf('bob')]).toEqual([one, two]);
    const again = await resume(ann);
    const gone = await resume(hubOne, { identity: 'hub-1', permissions: { hub: true } });
    gone.send({ case: 'leave', value: { room: 'r' } });
    await kit.settle();
    expect(again.all('rosterDelta').map(({ hub: now }) => now)).toContain(two);
  });

  it('nobody is seen to go or to come who is back in the time of a Pong', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    await restart();
    const bobAgain = await resume(bob, { identity: 'bob' });
    await kit.pass(3000);
    await resume(ann);
    await kit.pass(20_000);
    expect(bobAgain.all('rosterDelta')).toEqual([]);
  });

  it('who does not come back is AWAY after the time of a Pong, and gone with its window, which counts from the start; its will is sent', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const message = { room: 'r', messageType: 'bye', content: text('I was lost') };
    ann.send({ case: 'setWill', value: { room: 'r', message } });
    await kit.settle();
    const { pongTimeoutMs, resumeWindowMs } = kit.limits;
    // Longer than a window: nobody is expired by the restart.
    await restart({ downMs: resumeWindowMs + 5000 });
    const bobAgain = await resume(bob, { identity: 'bob' });
    const states = () =>
      bobAgain.all('rosterDelta').flatMap(({ updated }) => updated.map(({ state }) => state));
    await kit.pass(pongTimeoutMs - 1);
    expect(states()).toEqual([]);
    await kit.pass(1);
    expect(states()).toEqual([State.AWAY]);
    await kit.pass(resumeWindowMs - pongTimeoutMs - 1);
    expect(bobAgain.all('message')).toEqual([]);
    await kit.pass(1);
    expect(bobAgain.all('message')[0]).toMatchObject({ messageType: 'bye' });
    const left = bobAgain.all('rosterDelta').flatMap(({ left: gone }) => gone);
    expect(left).toMatchObject([{ id, reason: Reason.LEASE_EXPIRED }]);
  });

  it('who was away before has the rest of its window, and who is suspended the rest of its hold, unseen', async () => {
    kit = await startTestNode();
    const { client: ann, id: annId } = await kit.inRoom('r', { identity: 'ann' });
    const { client: carl, id: carlId } = await kit.inRoom('r', { identity: 'carl' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    carl.send({
      case: 'clientState',
      value: { activity: Activity.SUSPENDED, hold: durationFromMs(600_000) },
    });
    ann.drop();
    carl.drop();
    await kit.pass(10_000);
    await restart();
    const bobAgain = await resume(bob, { identity: 'bob' });
    const left = () => bobAgain.all('rosterDelta').flatMap(({ left: gone }) => gone.map(({ id }) => id));
    await kit.pass(kit.limits.resumeWindowMs - 10_001);
    expect(left()).toEqual([]);
    await kit.pass(1);
    expect(left()).toEqual([annId]);
    await kit.pass(589_999 - kit.limits.resumeWindowMs + 10_000);
    expect(left()).toEqual([annId]);
    await kit.pass(1);
    expect(left()).toEqual([annId, carlId]);
    const updates = bobAgain.all('rosterDelta').flatMap(({ updated }) => updated);
    expect(updates).toEqual([]);
  });

  it('a leave with a grace comes to pass, unless its session comes back', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob, id: bobId } = await kit.inRoom('r', { identity: 'bob' });
    for (const client of [ann, bob]) {
      client.send({ case: 'leave', value: { room: 'r', grace: durationFromMs(10_000) } });
    }
    await kit.pass(4000);
    await restart();
    const again = await resume(ann);
    const left = () => again.all('rosterDelta').flatMap(({ left: gone }) => gone.map(({ id }) => id));
    await kit.pass(5999);
    expect(left()).toEqual([]);
    await kit.pass(1);
    expect(left()).toEqual([bobId]);
    await kit.pass(20_000);
    expect(again.all('left')).toEqual([]);
  });

  it('a token that has ended meanwhile ends the session’s connection, and not the session', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann', expiresAt: kit.clock.now() + 60_000 });
    await kit.pass(59_500);
    await restart();
    const first = ann.all('welcome')[0]!;
    const late = await kit.client({}, { token: '', hello: { resume: resumeOf(ann, first) } });
    expect(late.all('closed')[0]).toMatchObject({ reason: Reason.TOKEN_EXPIRED });
    await resume(ann);
  });

  it.each([
    ['are told in time that their credentials end', false],
    ['are left alone where they outlive their credentials', true],
  ])('relays that were made before it %s', async (_, keepsRelays) => {
    const now = { of: () => 0 };
    const turn = { auth: 'secret', urls: ['turn:turn.example.org'], secrets: [{ secret: 'x' }] } as const;
    const configured = [{ ...turn, ttlMs: 3_600_000, keepsRelays }];
    const options = { iceServers: new ConfiguredIceServers(configured, () => now.of()) };
    const clock = new VirtualClock();
    now.of = () => clock.now();
    kit = await startTestNode({ ...options, clock });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    await kit.pass(1_200_000);
    await restart(options);
    now.of = () => kit.clock.now();
    const again = await resume(ann);
    // Half the life of those of before, and not of those that came with the Welcome.
    await kit.pass(600_000 + 2000);
    const updates = again.all('iceServersUpdate').map(({ restartIce }) => restartIce);
    expect(updates).toEqual(keepsRelays ? [] : [true]);
  });

  it('an empty room ends when it would have ended, and one that a backend made is there', async () => {
    kit = await startTestNode();
    const settings = resolveSettings(create(RoomSettingsSchema, { emptyTimeout: durationFromMs(60_000) }));
    kit.engine.createRoom(roomKey('tenant', 'made'), settings);
    await kit.pass(30_000);
    await restart({ downMs: 10_000 });
    expect(kit.engine.view(roomKey('tenant', 'made'))?.name).toBe('made');
    await kit.pass(18_500);
    expect(kit.engine.view(roomKey('tenant', 'made'))?.name).toBe('made');
    await kit.pass(2500);
    expect(kit.engine.view(roomKey('tenant', 'made'))).toBeUndefined();
  });

  it('a sender that uses SendFrames goes on with the key that it has', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { sendKey } = ann.all('welcome')[0]!;
    await restart();
    const frame = {
      seq: ann.seq + 1,
      body: { case: 'message' as const, value: { room: 'r', content: text('hi') } },
    };
    const result = await kit.sendFrames(sendKey, [frame]);
    expect(result).toMatchObject({ kind: 'done', ack: ann.seq + 1 });
  });
});

describe('what is handed over', () => {
  it('holds revocations: a token that was revoked stays so', async () => {
    kit = await startTestNode();
    const now = () => kit.clock.now();
    const before = new RevocationList({ now });
    before.revoke({ tenant: 't', tokenIds: ['id-1'], identity: 'mallory' });
    const after = new RevocationList({ now });
    for (const saved of before.save())
      after.restore({ $typeName: 'signalbox.state.v1.RevocationRecord', ...saved } as never);
    const grants = {
      tenant: 't',
      tokenId: 'id-1',
      identity: 'x',
      issuedAt: 0,
      expiresAt: Number.POSITIVE_INFINITY,
    };
    expect(after.isRevoked(grants as never)).toBe(true);
    expect(after.isRevoked({ ...grants, tokenId: '', identity: 'mallory' } as never)).toBe(true);
    expect(after.isRevoked({ ...grants, tokenId: 'id-2' } as never)).toBe(false);
  });

  it('cannot be taken up in part: a room whose members have no session is refused', async () => {
    kit = await startTestNode();
    await kit.inRoom('r', { identity: 'ann' });
    const records = freeze(kit).filter(({ record }) => record.case !== 'inbox');
    await expect(startFrom(records, {})).rejects.toThrow('the session of');
  });
});
