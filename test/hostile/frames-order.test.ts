import { describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { ModerationAction as Action } from '../../gen/signalbox/v1/moderation_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import { testToken } from '../helpers/node-kit.ts';
import type { ClientBody } from '../helpers/scripted-client.ts';
import {
  ann,
  annId,
  bystander,
  eve,
  eveId,
  kit,
  message,
  signalTo,
  undisturbed,
  useHostileRoom,
  works,
} from './frames-kit.ts';

useHostileRoom();

describe('frames in the wrong order', () => {
  it.each([
    ['a Join first', { case: 'join', value: { room: 'r' } }, Reason.OUT_OF_ORDER],
    ['a signal first', { case: 'signal', value: { to: 'x' } }, Reason.OUT_OF_ORDER],
    ['a Ping first', { case: 'ping', value: { id: 1 } }, Reason.OUT_OF_ORDER],
  ] as const)('%s: the stream ends with %s', async (_, body, reason) => {
    const stranger = await kit.client({}, { greet: false });
    await undisturbed(() => void stranger.send(body), [ann, bystander, eve]);
    expect(stranger.all('closed')).toMatchObject([{ reason, nextStep: NextStep.STOP }]);
    expect(stranger.end?.status).toBe('invalid_argument');
  });

  it('an empty frame first, and one that is no frame', async () => {
    for (const bytes of [new Uint8Array(), new Uint8Array([0xff, 0xff])]) {
      const stranger = await kit.client({}, { greet: false });
      await undisturbed(() => stranger.sendBytes(bytes), [ann, bystander, eve]);
      expect(stranger.end?.status).toBe('invalid_argument');
    }
  });

  it('a second Hello: OUT_OF_ORDER for the frame, and the session goes on', async () => {
    await undisturbed(
      () => void eve.send({ case: 'hello', value: { token: testToken({ identity: 'ann' }) } }),
    );
    expect(eve.all('error')).toMatchObject([{ seq: 0, reason: Reason.OUT_OF_ORDER }]);
    expect(eve.all('welcome')).toHaveLength(1);
    await works(eve);
  });

  it.each([
    ['a gap', 7],
    ['the largest seq', 4294967295],
  ])('%s: OUT_OF_ORDER, resume', async (_, seq) => {
    await undisturbed(() => void eve.send(signalTo(annId), seq), [ann, bystander], true);
    expect(eve.all('closed')).toMatchObject([{ reason: Reason.OUT_OF_ORDER, nextStep: NextStep.RESUME }]);
  });

  it('a seq that was used: dropped, whatever the frame says now', async () => {
    await undisturbed(() => void eve.send(signalTo(annId), 1));
    expect([eve.end, eve.all('error')]).toEqual([undefined, []]);
    await works(eve);
  });

  it.each([
    ['a signal', () => signalTo(annId)],
    ['a RELIABLE message', () => message()],
    ['a LATEST message', () => message({ delivery: DeliveryClass.LATEST })],
    ['a COUNTED message', () => message({ delivery: DeliveryClass.COUNTED })],
    ['a LOSSY message to one', () => message({ delivery: DeliveryClass.LOSSY, toParticipant: annId })],
    ['a Join', (): ClientBody => ({ case: 'join', value: { room: 'q' } })],
    ['a Leave', (): ClientBody => ({ case: 'leave', value: { room: 'r' } })],
    ['an UpdateParticipant', (): ClientBody => ({ case: 'updateParticipant', value: { room: 'r' } })],
    ['a SetWill', (): ClientBody => ({ case: 'setWill', value: { room: 'r' } })],
    ['a RefreshToken', (): ClientBody => ({ case: 'refreshToken', value: { token: 'x' } })],
    ['a Moderate', (): ClientBody => ({ case: 'moderate', value: { room: 'r', action: Action.END } })],
  ])('%s without a seq: MALFORMED, and not carried out', async (_, body) => {
    await undisturbed(() => void eve.send(body(), 0));
    expect(eve.all('error')).toMatchObject([{ seq: 0, reason: Reason.MALFORMED, fieldPath: 'seq' }]);
    await works(eve);
  });

  it('errors on frames without a seq are told once a second: they stand in no log', async () => {
    await undisturbed(() => {
      for (let i = 0; i < 1000; i += 1) eve.send(signalTo(annId), 0);
    });
    expect(eve.all('error')).toHaveLength(1);
  });

  it('an acknowledgement of what was never sent is taken for what was: the inbox is not lost by it', async () => {
    // Trimmed beyond the reader, the inbox would never be read on, and the pump would try so in every tick.
    eve.stall();
    eve.send({ case: 'ping', value: { id: 1 } });
    await kit.settle();
    ann.send(signalTo(eveId, { wantReceipt: true }));
    await kit.settle();
    eve.sendFrame({ ack: 4294967295 });
    await kit.settle();
    expect(ann.all('receipt')).toEqual([]);
    eve.drain();
    await kit.settle();
    expect(eve.all('signal')).toHaveLength(1);
    expect(ann.all('receipt')).toMatchObject([{ delivered: true }]);
  });
});
