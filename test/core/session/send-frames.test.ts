import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from 'vitest';
import { FrameErrorSchema, Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../../gen/signalbox/v1/session_pb.ts';
import type { Grants, TokenRefusal } from '../../../src/core/grants.ts';
import type { SendFramesResult } from '../../../src/core/send-frames.ts';
import { testToken, testVerifier } from '../../helpers/node-kit.ts';
import { startTestNode, type TestClient, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

const slow = testToken({ identity: 'ann', name: 'slow' });

/** A node whose verifier answers for the slow token when the test says so. */
async function startSlow() {
  const answers: ((grants: Grants | TokenRefusal) => void)[] = [];
  kit = await startTestNode({
    verifier: {
      verify: (token) =>
        token === slow ? new Promise((resolve) => answers.push(resolve)) : testVerifier.verify(token),
    },
  });
  const answer = async () => {
    const next = answers.shift();
    if (next === undefined) throw new Error('nothing waits for the verifier');
    next(await testVerifier.verify(slow));
    await kit.settle();
  };
  return { answer };
}

const text = (value: string) => ({
  case: 'message' as const,
  value: { room: 'r', content: { case: 'text' as const, value } },
});
const refresh = { case: 'refreshToken' as const, value: { token: slow } };
const texts = (client: TestClient) => client.all('message').map(({ content }) => content.value);

function sendKeyOf(client: TestClient): string {
  return client.all('welcome')[0]?.sendKey ?? '';
}

function errorsOf(result: SendFramesResult) {
  if (result.kind === 'refused') throw new Error(`the call was refused: ${result.ending.detail}`);
  return result.errors.map((bytes) => fromBinary(FrameErrorSchema, bytes));
}

describe('SendFrames', () => {
  it('carries out frames in order and answers with what is done, and what was refused', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const result = await kit.sendFrames(sendKeyOf(ann), [
      { seq: 2, body: text('one') },
      { seq: 3, body: { case: 'signal', value: { to: 'nobody' } } },
      { seq: 4, body: text('two') },
    ]);
    expect(result).toMatchObject({ kind: 'done', ack: 4 });
    expect(errorsOf(result)).toMatchObject([{ seq: 3, reason: Reason.UNKNOWN_RECIPIENT }]);
    expect(texts(bob)).toEqual(['one', 'two']);
    // The refusal stands in the inbox as well: the answer may be lost.
    expect(ann.all('error')).toMatchObject([{ seq: 3 }]);
    // With it goes what the answer said, and then no more.
    await kit.pass(1000);
    expect(ann.frames.filter(({ ack }) => ack >= 4)).toMatchObject([{ body: { case: 'error' } }]);
  });

  it('may be called again with the same frames: each is carried out once', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const frames = [
      { seq: 2, body: text('one') },
      { seq: 3, body: { case: 'leave' as const, value: { room: 'r' } } },
    ];
    await kit.sendFrames(sendKeyOf(ann), frames);
    const again = await kit.sendFrames(sendKeyOf(ann), [
      ...frames,
      { seq: 4, body: { case: 'join', value: { room: 'r' } } },
    ]);
    expect(again).toEqual({ kind: 'done', ack: 4, errors: [] });
    expect(texts(bob)).toEqual(['one']);
  });

  it('acknowledges the inbox', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' }, { autoAck: false });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const seq = bob.send({ case: 'signal', value: { to: id, wantReceipt: true } });
    await kit.settle();
    await kit.sendFrames(sendKeyOf(ann), [], 1);
    expect(bob.all('receipt')).toMatchObject([{ seq, delivered: true }]);
  });

  it.each([
    ['no key', () => ''],
    ['a key of no session', () => 'x.y'],
    ['a guessed key', (ann: TestClient) => `${sendKeyOf(ann).split('.')[0]}.guess`],
    ['the resume token', (ann: TestClient) => ann.all('welcome')[0]?.resumeToken ?? ''],
  ])('refuses %s', async (_, keyOf) => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const result = await kit.sendFrames(keyOf(ann), [{ seq: 2, body: text('x') }]);
    expect(result).toMatchObject({
      kind: 'refused',
      ending: { reason: Reason.TOKEN_INVALID, status: 'unauthenticated' },
    });
    expect(ann.end).toBeUndefined();
  });

  it('refuses a session whose token has ended, or that has ended itself', async () => {
    kit = await startTestNode();
    const expiresAt = kit.clock.now() + 5000;
    const { client: ann } = await kit.inRoom('r', { identity: 'ann', expiresAt });
    ann.drop();
    await kit.pass(6000);
    const frames = [{ seq: 2, body: text('x') }];
    expect(await kit.sendFrames(sendKeyOf(ann), frames)).toMatchObject({
      ending: { reason: Reason.TOKEN_EXPIRED, nextStep: NextStep.REAUTHENTICATE },
    });
    await kit.pass(30_000);
    expect(await kit.sendFrames(sendKeyOf(ann), frames)).toMatchObject({
      ending: { reason: Reason.TOKEN_INVALID },
    });
  });

  it('works while the receiving half is away: the room sees the join of one who is AWAY', async () => {
    kit = await startTestNode();
    const ann = await kit.client({ identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    ann.drop();
    await kit.sendFrames(sendKeyOf(ann), [{ seq: 1, body: { case: 'join', value: { room: 'r' } } }]);
    expect(bob.all('rosterDelta')).toMatchObject([{ joined: [{ identity: 'ann', state: 2 }] }]);
  });

  it.each([
    [
      'a gap',
      [
        { seq: 2, body: text('a') },
        { seq: 9, body: text('b') },
      ],
      Reason.OUT_OF_ORDER,
    ],
  ])('refuses a call with %s, and leaves the stream alone', async (_, frames, reason) => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    expect(await kit.sendFrames(sendKeyOf(ann), frames)).toMatchObject({
      kind: 'refused',
      ending: { reason },
    });
    expect(ann.end).toBeUndefined();
    expect(texts(ann)).toEqual(['a']);
    // What was taken before the gap is known when it comes again.
    expect(
      await kit.sendFrames(sendKeyOf(ann), [frames[0] ?? {}, { seq: 3, body: text('b') }]),
    ).toMatchObject({
      ack: 3,
    });
    expect(texts(ann)).toEqual(['a', 'b']);
  });

  it('refuses a call with a malformed frame, and leaves the stream alone', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const peer = { address: '', userAgent: '', bearerToken: '' };
    const result = await new Promise<SendFramesResult>((resolve) => {
      kit.node.sendFrames(
        { sendKey: sendKeyOf(ann), ack: 0, frames: [new Uint8Array([0xff])], peer },
        resolve,
      );
    });
    expect(result).toMatchObject({ kind: 'refused', ending: { reason: Reason.MALFORMED } });
    expect(ann.end).toBeUndefined();
  });
});

describe('a frame that takes its time', () => {
  it('holds up the frames behind it in the same call', async () => {
    const { answer } = await startSlow();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const call = kit.sendFrames(sendKeyOf(ann), [
      { seq: 2, body: refresh },
      { seq: 3, body: text('behind') },
    ]);
    await kit.settle();
    expect(texts(ann)).toEqual([]);
    await answer();
    // The frames waited longer than the caller's buffer was theirs.
    expect(await call).toEqual({ kind: 'done', ack: 3, errors: [] });
    expect(texts(ann)).toEqual(['behind']);
  });

  it('holds up the lane, which is read again when it is done, though a call came between', async () => {
    // Were only one of the two told, a lane that waits behind a call would never be read again.
    const { answer } = await startSlow();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.send(refresh);
    ann.send(text('lane'), 3);
    const call = kit.sendFrames(sendKeyOf(ann), [{ seq: 3, body: text('call') }]);
    await kit.settle();
    expect(texts(ann)).toEqual([]);
    await answer();
    expect(await call).toMatchObject({ ack: 3 });
    ann.send(text('later'), 4);
    await kit.settle();
    // The same seq was said twice: the first one that came to be taken counts.
    expect(texts(ann)).toEqual(['call', 'later']);
  });

  it('of a call holds up the lane’s frames too: they are carried out once, in their place', async () => {
    const { answer } = await startSlow();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const call = kit.sendFrames(sendKeyOf(ann), [
      { seq: 2, body: refresh },
      { seq: 3, body: { case: 'signal', value: { to: 'nobody' } } },
    ]);
    await kit.settle();
    // The lane was never told to wait: it hands over one frame, and holds the others.
    ann.send({ case: 'signal', value: { to: 'nobody either' } }, 4);
    ann.send(text('five'), 5);
    await kit.settle();
    expect(ann.acked).toBeLessThan(2);
    await answer();
    // The call hears of its own refusal, and of no other.
    expect(errorsOf(await call)).toMatchObject([{ seq: 3 }]);
    expect(ann.all('error').map(({ seq }) => seq)).toEqual([3, 4]);
    expect(texts(ann)).toEqual(['five']);
    expect(ann.acked).toBe(5);
  });

  it('lets one further call wait; a third is asked to come again', async () => {
    const { answer } = await startSlow();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const frames = [{ seq: 2, body: refresh }];
    const first = kit.sendFrames(sendKeyOf(ann), frames);
    const second = kit.sendFrames(sendKeyOf(ann), [...frames, { seq: 3, body: text('x') }]);
    const third = await kit.sendFrames(sendKeyOf(ann), frames);
    expect(third).toMatchObject({
      kind: 'refused',
      ending: { status: 'unavailable', nextStep: NextStep.RESUME, retryAfterMs: 250 },
    });
    await answer();
    expect(await first).toMatchObject({ kind: 'done', ack: 2 });
    expect(await second).toMatchObject({ kind: 'done', ack: 3 });
  });

  it('does not keep a call waiting for a session that ends meanwhile', async () => {
    const { answer } = await startSlow();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const call = kit.sendFrames(sendKeyOf(ann), [
      { seq: 2, body: refresh },
      { seq: 3, body: text('x') },
    ]);
    const next = kit.sendFrames(sendKeyOf(ann), []);
    await kit.settle();
    kit.node.closeSessions(() => true, Reason.TOKEN_REVOKED, 'revoked');
    expect(await call).toMatchObject({ kind: 'refused', ending: { reason: Reason.TOKEN_INVALID } });
    expect(await next).toMatchObject({ kind: 'refused' });
    await answer();
    expect(kit.node.figures.sessions).toBe(0);
  });

  it('is done for the connection that resumes while it is carried out', async () => {
    const { answer } = await startSlow();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.send(refresh);
    ann.send(text('held by the old lane'));
    await kit.settle();
    ann.drop();
    const { resumeToken = '', epoch = '' } = ann.all('welcome')[0] ?? {};
    const again = await kit.client(
      { identity: 'ann' },
      { firstSeq: 2, hello: { resume: { token: resumeToken, epoch, attempt: 2 } } },
    );
    again.send(refresh);
    again.send(text('said again'));
    await kit.settle();
    expect(texts(again)).toEqual([]);
    await answer();
    expect(texts(again)).toEqual(['said again']);
    expect(again.acked).toBe(3);
  });

  it('costs one frame, not the session, when it fails', async () => {
    kit = await startTestNode({
      verifier: {
        verify: (token) =>
          token === slow ? Promise.reject(new Error('broken')) : testVerifier.verify(token),
      },
    });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const seq = ann.send(refresh);
    ann.send(text('next'));
    await kit.settle();
    expect(ann.all('error')).toMatchObject([{ seq, reason: Reason.INTERNAL, retryable: true }]);
    expect(ann.all('error')[0]?.detail).not.toContain('broken');
    expect(texts(ann)).toEqual(['next']);
    expect(kit.errors.splice(0)).toHaveLength(1);
  });
});
