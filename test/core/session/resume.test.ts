import { create } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from 'vitest';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Presence as Presence, RoomSettingsSchema } from '../../../gen/signalbox/v1/room_pb.ts';
import {
  ClientState_Activity as Activity,
  NextStep,
  Welcome_Outcome as Outcome,
} from '../../../gen/signalbox/v1/session_pb.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { testToken } from '../../helpers/node-kit.ts';
import type { ScriptedClientOptions } from '../../helpers/scripted-client.ts';
import { startTestNode, TestClient, type TestNode } from '../../helpers/test-node.ts';

interface Position {
  readonly token?: string;
  readonly epoch?: string;
  readonly receivedSeq?: number;
  readonly rooms?: { room: string; epoch: string; offset: number; version: number }[];
}

let kit: TestNode;
const key = roomKey('', 'r');

afterEach(() => kit.stop());

function welcomeOf(client: TestClient) {
  const [welcome] = client.all('welcome');
  if (welcome === undefined) throw new Error(`no Welcome, but ${client.end?.message}`);
  return welcome;
}

/** What a client says that comes back from where `lost` was. */
function resumeOf(lost: TestClient, attempt = 2, more: Position = {}) {
  const { resumeToken, epoch } = welcomeOf(lost);
  const rooms = new Map<string, { room: string; epoch: string; offset: number; version: number }>();
  for (const { body, origin } of lost.frames) {
    if (body.case === 'joined') {
      const { room, epoch: of, offset, version } = body.value;
      rooms.set(room, { room, epoch: of, offset, version });
    } else if (body.case === 'left') rooms.delete(body.value.room);
    else if (body.case === 'message' || body.case === 'rosterDelta' || body.case === 'roomUpdated') {
      const room = body.case === 'roomUpdated' ? (body.value.info?.name ?? '') : body.value.room;
      const at = rooms.get(room);
      const offset = body.case === 'message' ? origin?.offset : body.value.offset;
      if (at !== undefined && offset) at.offset = offset;
    }
  }
  return {
    token: resumeToken,
    receivedSeq: lost.receivedSeq,
    attempt,
    epoch,
    rooms: [...rooms.values()],
    ...more,
  };
}

async function resume(
  lost: TestClient,
  more: Position & { attempt?: number } = {},
  options: ScriptedClientOptions & { identity?: string; noToken?: boolean } = {},
): Promise<TestClient> {
  const { attempt = 2, ...rest } = more;
  const { identity = 'ann', noToken = false, ...client } = options;
  return kit.client(
    { identity },
    {
      ...(noToken ? { token: '' } : {}),
      firstSeq: lost.seq + 1,
      ...client,
      hello: { resume: resumeOf(lost, attempt, rest) },
    },
  );
}

describe('a resume', () => {
  it('that is cut off before its Welcome leaves a suspended client the hold that it had', async () => {
    kit = await startTestNode({ limits: { resumeWindowMs: 1000 } });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const hold = { seconds: 600n, nanos: 0 };
    ann.send({ case: 'clientState', value: { activity: Activity.SUSPENDED, hold } });
    await kit.settle();
    ann.drop();
    await kit.settle();
    const unheard = new TestClient(kit.node.open, {
      token: testToken({ identity: 'ann' }),
      hello: { resume: resumeOf(ann, 2, {}) },
    });
    // Its token is verified, and no tick has gone by.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(kit.node.figures.attachedSessions).toBe(1);
    unheard.drop();
    await kit.pass(599_000);
    expect(unheard.frames).toEqual([]);
    const again = await resume(ann, { attempt: 3 });
    expect(again.all('welcome')).toMatchObject([{ outcome: Outcome.RESUMED }]);
  });

  it('goes on where the client stood: each frame of inbox and room once, and the roster saw AWAY and ACTIVE', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    ann.drop();
    await kit.settle();
    for (let i = 0; i < 3; i += 1) {
      bob.send({ case: 'signal', value: { to: id, connectionId: `c${i}` } });
      bob.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: `m${i}` } } });
    }
    await kit.pass(5000);
    const again = await resume(ann);
    expect(welcomeOf(again)).toMatchObject({ outcome: Outcome.RESUMED, resumeToken: '', attempt: 2 });
    expect(welcomeOf(again).sendKey).toBe(welcomeOf(ann).sendKey);
    expect(again.all('signal').map(({ connectionId }) => connectionId)).toEqual(['c0', 'c1', 'c2']);
    expect(again.all('message').map(({ content }) => content.value)).toEqual(['m0', 'm1', 'm2']);
    expect(again.all('joined')).toEqual([]);
    const states = bob.all('rosterDelta').flatMap(({ updated }) => updated.map(({ state }) => state));
    expect(states).toEqual([State.AWAY, State.ACTIVE]);
  });

  it('replays what was written and not processed, and lets go of what was', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' }, { autoAck: false });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    for (let i = 0; i < 4; i += 1)
      bob.send({ case: 'signal', value: { to: id, connectionId: `c${i}`, wantReceipt: true } });
    await kit.settle();
    ann.drop('reset');
    const again = await resume(ann, { receivedSeq: 2 });
    expect(again.all('signal').map(({ connectionId }) => connectionId)).toEqual(['c2', 'c3']);
    // Resume acknowledges: the first two were processed.
    await kit.settle();
    expect(bob.all('receipt').filter(({ delivered }) => delivered)).toHaveLength(4);
    const sid = welcomeOf(ann).sessionId;
    expect(kit.engine.inbox(sid)?.lo).toBe(4);
  });

  it('needs no token: the secret is enough while the token of the session lasts', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.drop();
    const again = await resume(ann, {}, { noToken: true });
    expect(welcomeOf(again).outcome).toBe(Outcome.RESUMED);
  });

  it('is told to bring a new token when that of the session has ended, and keeps the session by it', async () => {
    kit = await startTestNode();
    const expiresAt = kit.clock.now() + 10_000;
    const { client: ann } = await kit.inRoom('r', { identity: 'ann', expiresAt });
    await kit.pass(11_000);
    expect(ann.all('closed')).toMatchObject([
      { reason: Reason.TOKEN_EXPIRED, nextStep: NextStep.REAUTHENTICATE },
    ]);
    const late = await resume(ann, {}, { noToken: true });
    expect(late.all('welcome')).toEqual([]);
    expect(late.all('closed')).toMatchObject([
      { reason: Reason.TOKEN_EXPIRED, nextStep: NextStep.REAUTHENTICATE },
    ]);
    const again = await resume(ann, { attempt: 3 });
    expect(welcomeOf(again).outcome).toBe(Outcome.RESUMED);
    await kit.pass(5000);
    expect(again.end).toBeUndefined();
  });

  it('brings what its new token permits, and leaves the rooms that it does not cover', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
    ann.send({ case: 'join', value: { room: 'vault' } });
    await kit.settle();
    ann.drop();
    const token = testToken({ identity: 'ann', room: 'r', permissions: { muteMessages: true } });
    const again = await resume(ann, {}, { token });
    expect(kit.engine.participant(key, id)?.permissions?.muteMessages).toBe(true);
    expect(again.all('left')).toMatchObject([{ room: 'vault', reason: Reason.DENIED }]);
  });

  it.each([
    ['a secret that is not the session’s', { token: 'x.y' }, Reason.WINDOW_EXPIRED],
    ['a token without a secret', { token: 'x' }, Reason.WINDOW_EXPIRED],
    ['no token at all', { token: '' }, Reason.WINDOW_EXPIRED],
  ])('with %s becomes a fresh session in the same round trip, with the reason', async (_, more, reason) => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.drop();
    const again = await resume(ann, more, { firstSeq: 1 });
    const welcome = welcomeOf(again);
    expect(welcome).toMatchObject({ outcome: Outcome.FRESH, reason, attempt: 1 });
    expect(welcome.sessionId).not.toBe(welcomeOf(ann).sessionId);
    expect(welcome.resumeToken).not.toBe('');
    // It is open for work at once.
    again.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    expect(again.all('joined')).toHaveLength(1);
  });

  it('with a guessed secret or as somebody else is fresh too, and disturbs nobody', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const sid = welcomeOf(ann).sessionId;
    const guess = await resume(ann, { token: `${sid}.guess` }, { firstSeq: 1 });
    expect(welcomeOf(guess)).toMatchObject({ outcome: Outcome.FRESH, reason: Reason.DENIED });
    const other = await resume(ann, {}, { identity: 'eve', firstSeq: 1 });
    expect(welcomeOf(other)).toMatchObject({ outcome: Outcome.FRESH, reason: Reason.DENIED });
    expect(ann.end).toBeUndefined();
    ann.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'still here' } } });
    await kit.settle();
    expect(ann.all('message')).toHaveLength(1);
  });

  it('after the window is fresh: WINDOW_EXPIRED', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.drop();
    await kit.pass(kit.limits.resumeWindowMs);
    const again = await resume(ann, {}, { firstSeq: 1 });
    expect(welcomeOf(again)).toMatchObject({ outcome: Outcome.FRESH, reason: Reason.WINDOW_EXPIRED });
  });

  it('takes the session from a connection that is still there, and that one is told REPLACED', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const again = await resume(ann);
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.REPLACED, nextStep: NextStep.STOP }]);
    expect(ann.end?.status).toBe('aborted');
    // Nobody saw it go.
    expect(bob.all('rosterDelta')).toEqual([]);
    again.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'x' } } });
    await kit.settle();
    expect(again.all('message')).toHaveLength(1);
    expect(ann.all('message')).toEqual([]);
  });

  it('of an attempt that is over is refused and told, and the newer connection stays', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const newer = await resume(ann, { attempt: 5 });
    const late = await resume(ann, { attempt: 4 });
    expect(late.all('welcome')).toEqual([]);
    expect(late.all('closed')).toMatchObject([{ reason: Reason.REPLACED, nextStep: NextStep.STOP }]);
    expect(newer.end).toBeUndefined();
    const same = await resume(ann, { attempt: 5 });
    expect(welcomeOf(same)).toMatchObject({ outcome: Outcome.RESUMED, attempt: 5 });
    expect(newer.all('closed')).toMatchObject([{ reason: Reason.REPLACED }]);
  });

  it('drops frames that come again, refused ones too, and says that they are done', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    ann.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'once' } } });
    ann.send({ case: 'join', value: { room: 's' } });
    ann.send({ case: 'leave', value: { room: 's' } });
    ann.send({ case: 'signal', value: { to: 'nobody' } });
    await kit.settle();
    ann.drop();
    const again = await resume(ann, {}, { firstSeq: 2 });
    // Carried out again, the second leave would be refused: not joined.
    again.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'once' } } });
    again.send({ case: 'join', value: { room: 's' } });
    again.send({ case: 'leave', value: { room: 's' } });
    again.send({ case: 'signal', value: { to: 'nobody' } });
    again.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'next' } } });
    await kit.settle();
    expect(again.acked).toBe(6);
    expect(again.all('error')).toEqual([]);
    expect(bob.all('message').map(({ content }) => content.value)).toEqual(['once', 'next']);
    expect(kit.engine.view(roomKey('', 's'))?.members.size).toBe(0);
  });

  it('may not leave a gap: OUT_OF_ORDER, and the session can be resumed', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.drop();
    const again = await resume(ann);
    again.send({ case: 'leave', value: { room: 'r' } }, 5);
    await kit.settle();
    expect(again.all('closed')).toMatchObject([{ reason: Reason.OUT_OF_ORDER, nextStep: NextStep.RESUME }]);
    const third = await resume(ann, { attempt: 3 });
    third.send({ case: 'leave', value: { room: 'r' } }, 2);
    await kit.settle();
    expect(third.all('left')).toMatchObject([{ room: 'r' }]);
  });

  it.each([
    ['another epoch', { epoch: 'x' }],
    ['a seq that was never given', { receivedSeq: 99 }],
    ['a seq below what it acknowledged', { receivedSeq: 0 }],
  ])('that stands at %s is told by Resync where its inbox goes on', async (_, more) => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    bob.send({ case: 'signal', value: { to: id, connectionId: 'read' } });
    await kit.settle();
    ann.drop();
    bob.send({ case: 'signal', value: { to: id, connectionId: 'unread' } });
    await kit.settle();
    const again = await resume(ann, more);
    expect(again.all('resync')).toMatchObject([
      { room: '', reason: Reason.EPOCH_LOST, epoch: welcomeOf(ann).epoch, nextSeq: 2 },
    ]);
    const [signal] = again.frames.filter(({ body }) => body.case === 'signal');
    expect(signal).toMatchObject({ seq: 2, body: { value: { connectionId: 'unread' } } });
  });

  it('gets a snapshot of a room where it does not know it, or of another epoch', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.drop();
    const again = await resume(ann, { rooms: [] });
    expect(again.all('joined')).toMatchObject([{ room: 'r', missedMessages: false }]);
    again.drop();
    const third = await resume(ann, {
      attempt: 3,
      rooms: [{ room: 'r', epoch: 'x', offset: 1, version: 0 }],
    });
    expect(third.all('joined')).toHaveLength(1);
    third.drop();
    const epoch = kit.engine.view(key)?.epoch ?? '';
    const fourth = await resume(ann, { attempt: 4, rooms: [{ room: 'r', epoch, offset: 999, version: 0 }] });
    expect(fourth.all('joined')).toHaveLength(1);
  });

  it('gets the snapshot of a change of presence that the lost connection had been written', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    await kit.inRoom('r', { identity: 'bob' });
    const stood = resumeOf(ann);
    const settings = create(RoomSettingsSchema, { presence: Presence.COUNT });
    kit.engine.updateRoom(key, { settings, paths: ['presence'] });
    // Written, and lost on its way: the gateway's cursor is ahead of the client.
    await kit.settle();
    ann.drop();
    const again = await resume(ann, { rooms: stood.rooms });
    expect(again.all('joined').map(({ participants }) => participants)).toEqual([[]]);
  });

  it('gets the Joined of a membership whose Joined was lost, though it stood in the one before', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' }, { autoAck: false });
    const stood = resumeOf(ann);
    ann.send({ case: 'leave', value: { room: 'r' } });
    ann.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    ann.drop();
    const again = await resume(ann, { rooms: stood.rooms, receivedSeq: stood.receivedSeq });
    expect(again.frames.flatMap(({ body }) => body.case ?? []).slice(1)).toEqual(['left', 'joined']);
  });

  it('cancels a leave that waits for its grace', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.send({ case: 'leave', value: { room: 'r', grace: { seconds: 5n, nanos: 0 } } });
    await kit.settle();
    ann.drop();
    await kit.pass(2000);
    const again = await resume(ann);
    await kit.pass(60_000);
    expect(again.all('left')).toEqual([]);
    expect(kit.engine.view(key)?.members.size).toBe(1);
  });

  it('of a connection that goes while its token is verified leaves no session behind', async () => {
    kit = await startTestNode();
    const open = (cut: number) =>
      new Promise<void>((resolve) => {
        void kit.client({ identity: `p${cut}` }).then(() => resolve());
      });
    await open(0);
    const before = kit.node.figures.sessions;
    // The lane breaks at each of the points at which opening waits.
    for (let turns = 0; turns < 12; turns += 1) {
      const made = kit.client({ identity: 'q' });
      const lane = kit.node.open({
        transport: 'grpc',
        framing: { kind: 'transcode', name: 'none', encode: (frame) => frame },
        peer: { address: '', userAgent: '', bearerToken: testToken({ identity: 'q' }) },
        write: () => true,
        resume: () => {},
        end: () => {},
      });
      lane.frame(new Uint8Array([0x82, 0x01, 0x00]));
      for (let i = 0; i < turns; i += 1) await Promise.resolve();
      lane.closed('dropped');
      (await made).drop();
      await kit.pass(kit.limits.resumeWindowMs + 1);
    }
    expect(kit.node.figures.sessions).toBe(before);
  });
});
