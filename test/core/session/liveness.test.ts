import { afterEach, describe, expect, it } from 'vitest';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { ClientState_Activity as Activity, NextStep } from '../../../gen/signalbox/v1/session_pb.ts';
import type { Grants, TokenRefusal } from '../../../src/core/grants.ts';
import { testToken, testVerifier } from '../../helpers/node-kit.ts';
import { startTestNode, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

const silent = { autoPong: false };
/** The gateway looks once a second. */
const slack = 1000;

describe('liveness', () => {
  it('asks a client that was silent for the interval, and goes on while it answers', async () => {
    kit = await startTestNode();
    const ann = await kit.client();
    await kit.pass(kit.limits.pingIntervalMs - slack);
    expect(ann.all('ping')).toEqual([]);
    await kit.pass(2 * slack);
    expect(ann.all('ping')).toMatchObject([{ id: 1 }]);
    await kit.pass(10 * kit.limits.pingIntervalMs);
    expect(ann.all('ping').length).toBeGreaterThanOrEqual(9);
    expect(ann.end).toBeUndefined();
  });

  // It was 37 s by default.
  it('finds a half-open peer within 20 s of its last frame, with the default intervals', async () => {
    kit = await startTestNode();
    const { id } = await kit.inRoom('r', { identity: 'ann' }, silent);
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    await kit.pass(20_000);
    const away = bob.all('rosterDelta').flatMap(({ updated }) => updated);
    expect(away).toMatchObject([{ id, state: State.AWAY }]);
  });

  it('counts the interval from the last frame of any kind', async () => {
    kit = await startTestNode();
    const ann = await kit.client();
    for (let i = 0; i < 10; i += 1) {
      await kit.pass(kit.limits.pingIntervalMs - 2 * slack);
      if (i % 2 === 0) ann.send({ case: 'report', value: {} });
      else ann.sendFrame({ ack: 0 });
    }
    expect(ann.all('ping')).toEqual([]);
  });

  it('ends the connection of a client that does not answer in time, not its session: IDLE, resume', async () => {
    kit = await startTestNode();
    const ann = await kit.client({}, silent);
    await kit.pass(kit.limits.pingIntervalMs + kit.limits.pongTimeoutMs + 2 * slack);
    expect(ann.all('ping')).toHaveLength(1);
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.IDLE, nextStep: NextStep.RESUME }]);
    expect(kit.node.figures).toMatchObject({ sessions: 1, attachedSessions: 0 });
  });

  it('takes any frame for an answer', async () => {
    kit = await startTestNode();
    const ann = await kit.client({}, silent);
    await kit.pass(kit.limits.pingIntervalMs + slack);
    ann.send({ case: 'ping', value: { id: 9 } });
    await kit.pass(kit.limits.pongTimeoutMs + slack);
    expect(ann.end).toBeUndefined();
    expect(ann.all('pong')).toMatchObject([{ id: 9 }]);
  });

  it('does not judge a client that said that it is suspended, but one that came back', async () => {
    kit = await startTestNode();
    const ann = await kit.client({}, silent);
    ann.send({ case: 'clientState', value: { activity: Activity.SUSPENDED } });
    await kit.pass(10 * kit.limits.pingIntervalMs);
    expect([ann.end, ann.all('ping')]).toEqual([undefined, []]);
    ann.send({ case: 'clientState', value: { activity: Activity.FOREGROUND } });
    await kit.pass(kit.limits.pingIntervalMs + kit.limits.pongTimeoutMs + 2 * slack);
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.IDLE }]);
  });

  it('judges the next connection of a client that was suspended on the last one', async () => {
    kit = await startTestNode();
    const ann = await kit.client({}, silent);
    ann.send({ case: 'clientState', value: { activity: Activity.SUSPENDED } });
    ann.drop();
    const { resumeToken, epoch } = ann.all('welcome')[0] ?? {};
    const resume = { token: resumeToken ?? '', epoch: epoch ?? '', attempt: 2 };
    const again = await kit.client({}, { ...silent, hello: { resume } });
    await kit.pass(kit.limits.pingIntervalMs + kit.limits.pongTimeoutMs + 2 * slack);
    expect(again.all('closed')).toMatchObject([{ reason: Reason.IDLE }]);
  });

  it('asks at once when the client says that its network changed', async () => {
    kit = await startTestNode();
    const ann = await kit.client({}, silent);
    ann.send({ case: 'clientState', value: { networkChanged: true } });
    await kit.settle();
    expect(ann.all('ping')).toHaveLength(1);
    await kit.pass(kit.limits.pongTimeoutMs + slack);
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.IDLE }]);
  });

  it('does not judge a lane that it does not read: the Pong may be in there', async () => {
    let answer: ((grants: Grants | TokenRefusal) => void) | undefined;
    const slow = testToken({ identity: 'ada', name: 'slow' });
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
    const ann = await kit.client();
    await kit.pass(kit.limits.pingIntervalMs - 2 * slack);
    ann.send({ case: 'refreshToken', value: { token: slow } });
    // The issuer's keys take their time. Pings would be answered, and the answers not read.
    await kit.pass(3 * (kit.limits.pingIntervalMs + kit.limits.pongTimeoutMs));
    expect(ann.end).toBeUndefined();
    answer?.(await testVerifier.verify(slow));
    await kit.pass(kit.limits.pingIntervalMs + kit.limits.pongTimeoutMs + slack);
    expect(ann.end).toBeUndefined();
    expect(ann.acked).toBe(1);
  });

  it('hears a client that only sends by SendFrames', async () => {
    kit = await startTestNode();
    const ann = await kit.client({}, silent);
    const { sendKey = '' } = ann.all('welcome')[0] ?? {};
    for (let i = 0; i < 8; i += 1) {
      await kit.pass(kit.limits.pingIntervalMs - slack);
      await kit.sendFrames(sendKey, []);
    }
    expect([ann.end, ann.all('ping')]).toEqual([undefined, []]);
  });

  it('ends a connection that says no Hello in time', async () => {
    kit = await startTestNode();
    const ann = await kit.client({}, { greet: false });
    await kit.pass(kit.limits.handshakeMs);
    expect(ann.end?.status).toBe('deadline_exceeded');
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.IDLE }]);
  });
});
