import { afterEach, describe, expect, it } from 'vitest';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  ClientState_Activity as Activity,
  NextStep,
  Welcome_Outcome as Outcome,
} from '../../../gen/signalbox/v1/session_pb.ts';
import type { Grants, TokenRefusal } from '../../../src/core/grants.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { type TestGrants, testToken, testVerifier } from '../../helpers/node-kit.ts';
import { resumeOf } from '../../helpers/resume-point.ts';
import { startTestNode, type TestClient, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;
afterEach(() => kit.stop());

const second = 1000;
const minute = 60 * second;
const key = roomKey('', 'r');

const ending = (milliseconds: number, more: TestGrants = {}): TestGrants => ({
  identity: 'ann',
  expiresAt: kit.clock.now() + milliseconds,
  ...more,
});
const refreshWith = (grants: TestGrants) =>
  ({ case: 'refreshToken', value: { token: testToken(grants) } }) as const;
const welcomeOf = (client: TestClient) => {
  const [welcome] = client.all('welcome');
  if (welcome === undefined) throw new Error('there was no Welcome');
  return welcome;
};
const texts = (client: TestClient) => client.all('message').map(({ content }) => content.value);
const reasons = (client: TestClient) => client.all('error').map(({ reason }) => reason);

/** The session of `first` on another connection, from where `client` stood; without `grants` without a token. */
function resume(client: TestClient, attempt: number, grants?: TestGrants, first = client, firstSeq?: number) {
  const hello = { resume: { ...resumeOf(client, welcomeOf(first)), attempt } };
  return kit.client(grants, {
    hello,
    ...(grants === undefined ? { token: '' } : {}),
    ...(firstSeq === undefined ? {} : { firstSeq }),
  });
}

const expired = {
  reason: Reason.TOKEN_EXPIRED,
  nextStep: NextStep.REAUTHENTICATE,
};

describe('a session whose token ends', () => {
  it('goes on to the last millisecond, and ends its connection with the token: REAUTHENTICATE, UNAUTHENTICATED', async () => {
    kit = await startTestNode();
    const ann = await kit.client(ending(minute));
    await kit.pass(minute - 1);
    expect(ann.end).toBeUndefined();
    await kit.pass(1);
    expect(ann.all('closed')).toMatchObject([expired]);
    expect(ann.end?.status).toBe('unauthenticated');
    expect(kit.node.figures).toMatchObject({ sessions: 1, attachedSessions: 0 });
  });

  it('loses nothing: with a new token it is the same session, reads what came meanwhile and says nothing twice', async () => {
    kit = await startTestNode();
    const { client: ann, id: annId } = await kit.inRoom('r', ending(minute));
    const { client: bob, id: bobId } = await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(minute);
    expect(ann.all('closed')).toMatchObject([expired]);
    const seq = bob.send({ case: 'signal', value: { to: annId, wantReceipt: true } });
    bob.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'meanwhile' } } });
    await kit.pass(second);
    // The client does not know whether its last frame, a join, came through, and sends it again.
    const again = await resume(ann, 2, ending(minute), ann, 1);
    again.send({ case: 'join', value: { room: 'r' } });
    again.send({ case: 'signal', value: { to: bobId } });
    await kit.settle();
    expect(welcomeOf(again)).toMatchObject({
      outcome: Outcome.RESUMED,
      sessionId: welcomeOf(ann).sessionId,
    });
    expect(again.all('signal')).toHaveLength(1);
    expect(texts(again)).toEqual(['meanwhile']);
    expect(again.all('joined')).toEqual([]);
    expect(again.acked).toBe(2);
    expect(bob.all('signal')).toHaveLength(1);
    expect(bob.all('receipt')).toMatchObject([{ seq, delivered: true }]);
    const seen = bob
      .all('rosterDelta')
      .flatMap(({ updated, left }) => [
        ...updated.map(({ id, state }) => [id, state]),
        ...left.map(({ id }) => [id, 'left']),
      ]);
    expect(seen).toEqual([
      [annId, State.AWAY],
      [annId, State.ACTIVE],
    ]);
  });

  it('waits for its window and no longer', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', ending(minute));
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(minute + kit.limits.resumeWindowMs);
    expect(bob.all('rosterDelta').flatMap(({ left }) => left)).toMatchObject([
      { id, reason: Reason.LEASE_EXPIRED },
    ]);
    const again = await resume(ann, 2, ending(minute));
    expect(welcomeOf(again)).toMatchObject({ outcome: Outcome.FRESH, reason: Reason.WINDOW_EXPIRED });
  });

  it('is not taken up without a token, nor with the one that has ended; each try leaves it as it was', async () => {
    kit = await startTestNode();
    const old = ending(minute);
    const { client: ann } = await kit.inRoom('r', old);
    await kit.pass(minute);
    for (const [attempt, grants] of [
      [2, undefined],
      [3, old],
      [4, undefined],
    ] as const) {
      const refused = await resume(ann, attempt, grants);
      expect(refused.all('closed')).toMatchObject([expired]);
      expect(refused.all('welcome')).toEqual([]);
    }
    const again = await resume(ann, 5, ending(minute));
    expect(welcomeOf(again).outcome).toBe(Outcome.RESUMED);
  });

  it('opens no other one: a token that has ended a moment ago is good for nothing', async () => {
    kit = await startTestNode();
    const ann = await kit.client(ending(0));
    expect(ann.all('closed')).toMatchObject([expired]);
    expect([ann.all('welcome'), kit.node.figures.sessions]).toEqual([[], 0]);
  });

  it('takes no SendFrames either, attached or not, from the millisecond on', async () => {
    kit = await startTestNode();
    const ann = await kit.client(ending(minute - 400));
    const { sendKey } = welcomeOf(ann);
    await kit.pass(minute - 401);
    expect(await kit.sendFrames(sendKey, [])).toMatchObject({ kind: 'done' });
    await kit.pass(1);
    // Nobody has looked yet.
    expect(ann.end).toBeUndefined();
    const join = { seq: 1, body: { case: 'join', value: { room: 'r' } } } as const;
    expect(await kit.sendFrames(sendKey, [join])).toMatchObject({ kind: 'refused', ending: expired });
    await kit.pass(400);
    expect(ann.end).toBeDefined();
    expect(await kit.sendFrames(sendKey, [join])).toMatchObject({ kind: 'refused', ending: expired });
    expect(kit.engine.view(key)).toBeUndefined();
  });

  it('is kept by a suspended client’s hold, which a token cannot shorten', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', ending(minute));
    ann.send({
      case: 'clientState',
      value: { activity: Activity.SUSPENDED, hold: { seconds: 600n, nanos: 0 } },
    });
    await kit.pass(minute);
    expect(ann.all('closed')).toMatchObject([expired]);
    await kit.pass(9 * minute);
    const again = await resume(ann, 2, ending(minute));
    expect(welcomeOf(again).outcome).toBe(Outcome.RESUMED);
  });
});

describe('a token that is refreshed', () => {
  it('goes on without an interruption, on the stream and by SendFrames', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', ending(minute));
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(59 * second);
    ann.send(refreshWith(ending(minute)));
    await kit.pass(58 * second);
    const frame = { seq: ann.seq + 1, body: refreshWith(ending(minute)) };
    expect(await kit.sendFrames(welcomeOf(ann).sendKey, [frame])).toMatchObject({ kind: 'done', errors: [] });
    await kit.pass(59 * second);
    bob.send({ case: 'signal', value: { to: id } });
    await kit.settle();
    expect([ann.end, ann.all('error'), ann.all('signal').length]).toEqual([undefined, [], 1]);
    const states = bob.all('rosterDelta').flatMap(({ updated }) => updated);
    expect(states).toEqual([]);
  });

  it.each<[string, TestGrants | 'nonsense', Reason]>([
    ['of another identity', { identity: 'bob' }, Reason.DENIED],
    ['of another tenant', { tenant: 'acme' }, Reason.DENIED],
    ['for another room', { room: 's' }, Reason.DENIED],
    ['that has ended', { expiresAt: 0 }, Reason.TOKEN_EXPIRED],
    ['that is none', 'nonsense', Reason.TOKEN_INVALID],
  ])('%s is refused, and leaves the session as it was', async (_, other, reason) => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', ending(minute));
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(30 * second);
    const value =
      other === 'nonsense'
        ? { token: '!' }
        : { token: testToken(ending(minute, { permissions: { signal: false }, role: 'x', ...other })) };
    const seq = ann.send({ case: 'refreshToken', value });
    await kit.settle();
    expect(ann.all('error')).toMatchObject([{ seq, reason, fieldPath: 'refresh_token.token' }]);
    expect(kit.engine.participant(key, id)).toMatchObject({ role: '', permissions: { signal: true } });
    bob.send({ case: 'signal', value: { to: id } });
    await kit.pass(29 * second);
    expect([ann.end, ann.all('signal').length]).toEqual([undefined, 1]);
    await kit.pass(second);
    expect(ann.all('closed')).toMatchObject([expired]);
  });

  it('by one without an identity, of a session that is anonymous, keeps the name that it was given', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', ending(minute, { identity: '' }));
    const identity = ann.all('joined')[0]?.participant?.identity;
    ann.send(refreshWith(ending(2 * minute, { identity: '' })));
    await kit.pass(90 * second);
    expect([ann.all('error'), ann.end]).toEqual([[], undefined]);
    ann.drop();
    const again = await resume(ann, 2, ending(minute, { identity: '' }), ann, 3);
    again.send({ case: 'join', value: { room: 's' } });
    await kit.settle();
    expect(again.all('joined')[0]?.participant?.identity).toBe(identity);
  });

  it('while the old one ends is the session’s when it comes back', async () => {
    let answer: (grants: Grants | TokenRefusal) => void = () => {};
    const slow = testToken({ identity: 'ann', name: 'slow' });
    kit = await startTestNode({
      verifier: {
        verify: (token) =>
          token === slow
            ? new Promise((resolve) => {
                answer = resolve;
              })
            : testVerifier.verify(token),
      },
    });
    const ann = await kit.client(ending(minute));
    await kit.pass(minute - second);
    ann.send({ case: 'refreshToken', value: { token: slow } });
    await kit.pass(second);
    expect(ann.all('closed')).toMatchObject([expired]);
    answer(await testVerifier.verify(slow));
    await kit.settle();
    const again = await resume(ann, 2);
    expect(welcomeOf(again)).toMatchObject({ outcome: Outcome.RESUMED });
    expect(again.acked).toBe(1);
  });
});

describe('a token that is made void', () => {
  /** Tokens by `jti`, and keys by `kid`, that are good no longer. */
  const startVoiding = async () => {
    const voided = new Map<string, TokenRefusal>();
    kit = await startTestNode({
      verifier: {
        verify: (token) => testVerifier.verify(token),
        recheck: ({ tokenId, keyId }) => voided.get(tokenId) ?? voided.get(keyId),
      },
    });
    return voided;
  };
  const revoked: TokenRefusal = { reason: 'revoked', detail: 'revoked' };
  const keyGone: TokenRefusal = { reason: 'invalid', detail: 'the key is gone' };
  const stopped = { reason: Reason.TOKEN_REVOKED, nextStep: NextStep.STOP };

  it('between its verification and the session opens nothing, resumes nothing and refreshes nothing', async () => {
    const voided = await startVoiding();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann', tokenId: 'good' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    voided.set('bad', revoked);
    const late = await kit.client({ identity: 'ann', tokenId: 'bad' });
    expect(late.all('closed')).toMatchObject([stopped]);
    expect([late.all('welcome'), kit.node.figures.sessions]).toEqual([[], 2]);
    ann.send(refreshWith({ identity: 'ann', tokenId: 'bad', role: 'x' }));
    await kit.settle();
    expect(reasons(ann)).toEqual([Reason.TOKEN_REVOKED]);
    expect(ann.end).toBeUndefined();
    ann.drop();
    const refused = await resume(ann, 2, { identity: 'ann', tokenId: 'bad' });
    expect(refused.all('closed')).toMatchObject([stopped]);
    expect(welcomeOf(await resume(ann, 3)).outcome).toBe(Outcome.RESUMED);
    expect(bob.end).toBeUndefined();
  });

  it('as its key is gone ends the connection, not the session: with a token of another key nothing is lost', async () => {
    const voided = await startVoiding();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann', keyId: 'old' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob', keyId: 'new' });
    const { client: cy } = await kit.inRoom('r', { identity: 'cy', keyId: 'old' });
    cy.drop();
    voided.set('old', keyGone);
    expect(kit.node.recheckTokens()).toBe(2);
    await kit.settle();
    expect(ann.all('closed')).toMatchObject([
      { reason: Reason.TOKEN_INVALID, nextStep: NextStep.REAUTHENTICATE, detail: 'the key is gone' },
    ]);
    expect(bob.end).toBeUndefined();
    bob.send({ case: 'signal', value: { to: id } });
    // Neither the resume token nor the send key is worth more than the token.
    for (const client of [ann, cy]) {
      const refused = await resume(client, 2);
      expect(refused.all('closed')).toMatchObject([{ reason: Reason.TOKEN_INVALID }]);
      const sent = await kit.sendFrames(welcomeOf(client).sendKey, []);
      expect(sent).toMatchObject({ kind: 'refused', ending: { reason: Reason.TOKEN_INVALID } });
    }
    const again = await resume(ann, 3, { identity: 'ann', keyId: 'new' });
    expect(welcomeOf(again).outcome).toBe(Outcome.RESUMED);
    expect(again.all('signal')).toHaveLength(1);
  });

  it('as it was revoked ends the session, on its stream and where it has none, and its will is not said', async () => {
    const voided = await startVoiding();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann', tokenId: 'bad' });
    const away = await kit.inRoom('r', { identity: 'cy', tokenId: 'bad' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const will = { room: 'r', message: { room: 'r', content: { case: 'text' as const, value: 'gone' } } };
    for (const client of [ann, away.client]) client.send({ case: 'setWill', value: will });
    await kit.settle();
    away.client.drop();
    voided.set('bad', revoked);
    kit.node.closeSessions(({ tokenId }) => tokenId === 'bad', Reason.TOKEN_REVOKED, 'revoked');
    await kit.settle();
    expect(ann.all('closed')).toMatchObject([stopped]);
    const left = bob.all('rosterDelta').flatMap((delta) => delta.left);
    expect(left.map(({ id: who, reason }) => [who, reason])).toEqual([
      [id, Reason.TOKEN_REVOKED],
      [away.id, Reason.TOKEN_REVOKED],
    ]);
    expect(texts(bob)).toEqual([]);
    expect(kit.node.figures.sessions).toBe(1);
    for (const client of [ann, away.client]) {
      const sent = await kit.sendFrames(welcomeOf(client).sendKey, []);
      expect(sent).toMatchObject({ kind: 'refused', ending: { nextStep: NextStep.RECONNECT } });
      const refused = await resume(client, 2, { identity: 'ann', tokenId: 'bad' });
      expect(refused.all('closed')).toMatchObject([stopped]);
    }
  });
});
