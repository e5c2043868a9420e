import { afterEach, describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { ClientState_Activity as Activity, NextStep } from '../../../gen/signalbox/v1/session_pb.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { enumName } from '../../helpers/enum-name.ts';
import { testToken } from '../../helpers/node-kit.ts';
import {
  startTestNode,
  type TestClient,
  type TestNode,
  type TestNodeOptions,
} from '../../helpers/test-node.ts';

let kit: TestNode;
const key = roomKey('', 'r');
const window = 30_000;

async function start(options: TestNodeOptions = {}) {
  kit = await startTestNode(options);
  const ann = await kit.inRoom('r', { identity: 'ann' });
  const bob = await kit.inRoom('r', { identity: 'bob' });
  return { ann: ann.client, annId: ann.id, bob: bob.client, bobId: bob.id };
}

afterEach(() => kit.stop());

/** What the roster said of others: `bob AWAY`, `bob left LEASE_EXPIRED` … */
function roster(client: TestClient, id: string): string[] {
  return client
    .all('rosterDelta')
    .flatMap(({ updated, left }) => [
      ...updated.filter((one) => one.id === id).map(({ state }) => enumName(State, state)),
      ...left.filter((one) => one.id === id).map(({ reason }) => `left ${enumName(Reason, reason)}`),
    ]);
}

const texts = (client: TestClient) => client.all('message').map(({ content }) => content.value);
const suspend = (client: TestClient, holdSeconds: bigint) =>
  client.send({
    case: 'clientState',
    value: { activity: Activity.SUSPENDED, hold: { seconds: holdSeconds, nanos: 0 } },
  });
const will = (client: TestClient, more = {}) =>
  client.send({
    case: 'setWill',
    value: { room: 'r', message: { room: 'r', content: { case: 'text', value: 'gone' }, ...more } },
  });

describe('a session whose connection is lost', () => {
  it.each(['half-closed', 'reset', 'dropped', 'deadline'] as const)(
    'by %s is AWAY, and gone when its window ends',
    async (cause) => {
      const { ann, annId, bob } = await start();
      ann.drop(cause);
      await kit.pass(window - 1);
      expect(roster(bob, annId)).toEqual(['AWAY']);
      expect(kit.node.figures).toMatchObject({ sessions: 2, attachedSessions: 1, connections: 1 });
      await kit.pass(1);
      expect(roster(bob, annId)).toEqual(['AWAY', 'left LEASE_EXPIRED']);
      expect(kit.node.figures).toMatchObject({ sessions: 1, rooms: 1 });
    },
  );

  it('takes signals meanwhile, and their senders hear that they were not delivered when it ends', async () => {
    const { ann, annId, bob } = await start();
    ann.drop();
    const seq = bob.send({ case: 'signal', value: { to: annId, wantReceipt: true } });
    await kit.pass(window);
    expect(bob.all('receipt')).toMatchObject([{ seq, delivered: false, reason: Reason.WINDOW_EXPIRED }]);
    bob.send({ case: 'signal', value: { to: annId } });
    await kit.settle();
    expect(bob.all('error')).toMatchObject([{ reason: Reason.RECIPIENT_LEFT }]);
  });

  it('is kept for the hold that a suspended client asked for, unseen, within the limit', async () => {
    const { ann, annId, bob } = await start({ limits: { holdMs: 600_000 } });
    suspend(ann, 1200n);
    ann.drop();
    await kit.pass(599_999);
    expect(roster(bob, annId)).toEqual([]);
    await kit.pass(1);
    expect(roster(bob, annId)).toEqual(['left LEASE_EXPIRED']);
  });
});

describe('a will', () => {
  it('is published as its participant’s last word, before the departure', async () => {
    const { ann, annId, bob } = await start();
    will(ann, { messageType: 'bye' });
    ann.drop();
    await kit.pass(window);
    const tail = bob.frames.flatMap(({ body, origin }) => {
      if (body.case === 'message') return [`${origin?.identity} ${body.value.content.value}`];
      return body.case === 'rosterDelta' ? body.value.left.map(({ id }) => `left ${id}`) : [];
    });
    expect(tail).toEqual(['ann gone', `left ${annId}`]);
  });

  it('is not published when the client leaves, is removed, or takes it back', async () => {
    const { ann, annId, bob } = await start();
    will(ann);
    ann.send({ case: 'leave', value: { room: 'r' } });
    // What was said as another participant is not said again.
    ann.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    will(bob);
    bob.send({ case: 'setWill', value: { room: 'r' } });
    await kit.settle();
    const { client: cy } = await kit.inRoom('r', { identity: 'cy' });
    will(cy);
    await kit.settle();
    kit.engine.remove(key, cy.all('joined')[0]?.participant?.id ?? '', { reason: Reason.REMOVED });
    const { client: dan } = await kit.inRoom('r', { identity: 'dan' });
    for (const client of [ann, bob, cy]) client.drop();
    await kit.pass(window);
    expect(texts(dan)).toEqual([]);
    expect(annId).not.toBe('');
  });

  it('may not say what the client may not say', async () => {
    const { ann } = await start();
    const quiet = await kit.inRoom('r', { identity: 'q', permissions: { muteMessages: true } });
    will(quiet.client);
    const only = await kit.inRoom('r', {
      identity: 'o',
      permissions: { sendTypes: ['chat'], deliveries: [DeliveryClass.RELIABLE] },
    });
    will(only.client, { messageType: 'alarm' });
    will(only.client, { messageType: 'chat', delivery: DeliveryClass.LATEST });
    will(ann, { toIdentity: 'bob' });
    will(ann, { messageType: 'x'.repeat(65) });
    will(ann, { content: { case: 'text', value: 'x'.repeat(20_000) } });
    will(ann, { delivery: 99 });
    will(ann, { room: 's' });
    await kit.settle();
    const reasons = (client: TestClient) => client.all('error').map(({ reason }) => enumName(Reason, reason));
    expect(reasons(quiet.client)).toEqual(['DENIED']);
    expect(reasons(only.client)).toEqual(['DENIED', 'DENIED']);
    expect(reasons(ann)).toEqual(['MALFORMED', 'MALFORMED', 'TOO_LARGE', 'UNSUPPORTED', 'MALFORMED']);
  });

  it('is not published by one who was muted since', async () => {
    const { ann, annId, bob } = await start();
    will(ann);
    await kit.settle();
    const permissions = kit.engine.participant(key, annId)?.permissions;
    if (permissions === undefined) throw new Error('no permissions');
    kit.engine.change(key, annId, { permissions: { ...permissions, muteMessages: true } });
    ann.drop();
    await kit.pass(window);
    expect(texts(bob)).toEqual([]);
  });
});

describe('a leave', () => {
  it('takes the client out at once, and a join brings it back as another participant', async () => {
    const { ann, annId, bob } = await start();
    ann.send({ case: 'leave', value: { room: 'r' } });
    ann.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    expect(roster(bob, annId)).toEqual(['left LEFT']);
    expect(ann.all('joined').at(-1)?.participant?.id).not.toBe(annId);
  });

  it('with a grace waits for it, and reports nothing before', async () => {
    const { ann, annId, bob } = await start();
    ann.send({ case: 'leave', value: { room: 'r', grace: { seconds: 5n, nanos: 0 } } });
    await kit.pass(4999);
    expect(roster(bob, annId)).toEqual([]);
    await kit.pass(1);
    expect(roster(bob, annId)).toEqual(['left LEFT']);
    expect(ann.all('left')).toMatchObject([{ reason: Reason.LEFT }]);
  });

  it('that waits for its grace is taken back by a join, and does not end a membership that comes later', async () => {
    const { ann, annId, bob } = await start();
    const grace = { seconds: 5n, nanos: 0 };
    ann.send({ case: 'leave', value: { room: 'r', grace } });
    ann.send({ case: 'join', value: { room: 'r' } });
    await kit.pass(10_000);
    expect(roster(bob, annId)).toEqual([]);
    ann.send({ case: 'leave', value: { room: 'r', grace } });
    await kit.settle();
    kit.engine.remove(key, annId, { reason: Reason.REMOVED });
    ann.send({ case: 'join', value: { room: 'r' } });
    await kit.pass(10_000);
    expect(kit.engine.view(key)?.members.size).toBe(2);
  });
});

describe('the end of a session', () => {
  it('that an operator wants is told, and leaves nothing behind', async () => {
    const { ann, annId, bob } = await start();
    // An acknowledgement waits for its delay as the session ends.
    ann.send({ case: 'signal', value: { to: annId } });
    ann.send({ case: 'updateParticipant', value: { room: 'r', handRaised: true } });
    await kit.settle();
    const closed = kit.node.closeSessions(
      ({ identity }) => identity === 'ann',
      Reason.TOKEN_REVOKED,
      'revoked',
    );
    await kit.settle();
    expect(closed).toBe(1);
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.TOKEN_REVOKED, nextStep: NextStep.STOP }]);
    expect(roster(bob, annId).at(-1)).toBe('left TOKEN_REVOKED');
    expect(kit.node.figures).toMatchObject({ sessions: 1, connections: 1 });
  });

  it.each([
    ['attached', false],
    ['detached', true],
  ])(
    'comes to an %s session whose inbox nobody acknowledges, though only the gateway writes to it',
    async (_, detached) => {
      const { ann, annId, bob } = await start({ limits: { inboxFrames: 50 } });
      const { client: host } = await kit.inRoom('l', { identity: 'x' }, { autoAck: false });
      const { sendKey } = host.all('welcome')[0] ?? { sendKey: '' };
      if (detached) host.drop();
      await kit.settle();
      // Refused frames are told in the inbox, whatever its bounds: they must not fill the memory.
      for (let i = 0; i < 12; i += 1) {
        const frames = Array.from({ length: 10 }, (_unused, j) => ({
          seq: 2 + i * 10 + j,
          body: { case: 'signal' as const, value: { to: 'nobody' } },
        }));
        await kit.sendFrames(sendKey, frames);
      }
      await kit.settle();
      expect(kit.node.figures.sessions).toBe(2);
      if (!detached) {
        const [closed] = host.all('closed');
        expect(closed).toMatchObject({ reason: Reason.SLOW_CONSUMER, nextStep: NextStep.RECONNECT });
      }
      // The others noticed nothing.
      expect([ann.end, bob.end, roster(bob, annId)]).toEqual([undefined, undefined, []]);
    },
  );

  it('comes to the token before it comes to the session: new token, same session', async () => {
    kit = await startTestNode();
    const expiresAt = kit.clock.now() + 60_000;
    const ann = await kit.client({ identity: 'ann', expiresAt });
    await kit.pass(59_000);
    ann.send({
      case: 'refreshToken',
      value: { token: testToken({ identity: 'ann', expiresAt: expiresAt + 60_000 }) },
    });
    await kit.pass(2000);
    expect(ann.end).toBeUndefined();
    await kit.pass(60_000);
    expect(ann.all('closed')).toMatchObject([
      { reason: Reason.TOKEN_EXPIRED, nextStep: NextStep.REAUTHENTICATE },
    ]);
    expect(kit.node.figures).toMatchObject({ sessions: 1, attachedSessions: 0 });
  });

  it('comes to all when the node stops, and new connections are sent away', async () => {
    const { ann } = await start();
    await kit.node.stop();
    await kit.settle();
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.DRAINING, nextStep: NextStep.RESUME }]);
    const late = await kit.client({ identity: 'late' });
    expect(late.all('closed')).toMatchObject([{ reason: Reason.DRAINING }]);
    expect(await kit.sendFrames('x.y', [])).toMatchObject({
      kind: 'refused',
      ending: { reason: Reason.DRAINING },
    });
    expect(kit.clock.timers).toBe(0);
  });
});
