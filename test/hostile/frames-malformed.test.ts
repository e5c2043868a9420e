import { describe, expect, it } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import { ann, annId, bystander, eve, eveId, kit, undisturbed, useHostileRoom, works } from './frames-kit.ts';
import { bytesField, frameBytes, varintField } from './raw-frame.ts';

useHostileRoom();

describe('a frame that no decoder may be shown', () => {
  const good = () => frameBytes(bytesField(1, annId));
  it.each([
    ['cut off in its length', () => [varintField(1, 2), new Uint8Array([0x1a])]],
    ['cut off in its body', () => [varintField(1, 2), bytesField(3, good()).subarray(0, 5)]],
    [
      'whose inner length passes its end',
      () => [varintField(1, 2), bytesField(3, new Uint8Array([0x0a, 0x7f, 0x41]))],
    ],
    ['with a group', () => [varintField(1, 2), new Uint8Array([0x1b, 0x1c])]],
    ['with field number 0', () => [new Uint8Array([0x02, 0x00])]],
    ['with a seq of the wrong type', () => [bytesField(1, 'x')]],
    ['with a body of the wrong type', () => [varintField(1, 2), varintField(3, 5)]],
    ['with a seq beyond 32 bits', () => [new Uint8Array([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])]],
    [
      'with a varint that is longer than it need be',
      () => [new Uint8Array([0x08, 0x82, 0x00]), bytesField(3, good())],
    ],
    ['with its seq twice', () => [varintField(1, 2), varintField(1, 2), bytesField(3, good())]],
    ['with its body twice', () => [varintField(1, 2), bytesField(3, good()), bytesField(3, good())]],
    ['with two bodies', () => [varintField(1, 2), bytesField(3, good()), bytesField(18, bytesField(1, 'r'))]],
    [
      'with two payloads in a signal',
      () => [varintField(1, 2), bytesField(3, frameBytes(good(), bytesField(5, ''), bytesField(4, '')))],
    ],
    [
      'with two receivers',
      () => [varintField(1, 2), bytesField(3, frameBytes(good(), bytesField(1, eveId)))],
    ],
    [
      'with two contents in a message',
      () => [
        varintField(1, 2),
        bytesField(4, frameBytes(bytesField(1, 'r'), bytesField(5, 'a'), bytesField(6, 'b'))),
      ],
    ],
    [
      'with invalid UTF-8',
      () => [
        varintField(1, 2),
        bytesField(4, frameBytes(bytesField(1, 'r'), bytesField(6, new Uint8Array([0xc3, 0x28])))),
      ],
    ],
    [
      'with half a surrogate pair',
      () => [varintField(1, 2), bytesField(4, frameBytes(bytesField(1, new Uint8Array([0xed, 0xa0, 0x80]))))],
    ],
  ])('%s ends the stream: MALFORMED, stop', async (_, parts) => {
    await undisturbed(() => eve.sendBytes(frameBytes(...parts())), [ann, bystander], true);
    expect(eve.all('closed')).toMatchObject([{ reason: Reason.MALFORMED, nextStep: NextStep.STOP }]);
    expect(eve.end?.status).toBe('invalid_argument');
    expect(ann.all('signal')).toEqual([]);
    await works(ann);
  });
});

describe('a Hello', () => {
  it.each([
    ['without a token', { token: '' }, Reason.TOKEN_INVALID, NextStep.REAUTHENTICATE, 'unauthenticated'],
    [
      'with a token that is none',
      { token: '{' },
      Reason.TOKEN_INVALID,
      NextStep.REAUTHENTICATE,
      'unauthenticated',
    ],
    [
      'with an expired token',
      { token: 'expired' },
      Reason.TOKEN_EXPIRED,
      NextStep.REAUTHENTICATE,
      'unauthenticated',
    ],
    ['with a revoked token', { token: 'revoked' }, Reason.TOKEN_REVOKED, NextStep.STOP, 'unauthenticated'],
    [
      'whose issuer cannot be reached',
      { token: 'away' },
      Reason.ENGINE_UNAVAILABLE,
      NextStep.RESUME,
      'unavailable',
    ],
    [
      'with a device id beyond 64 bytes',
      { deviceId: 'd'.repeat(65) },
      Reason.MALFORMED,
      NextStep.STOP,
      'invalid_argument',
    ],
    [
      'with a resume token of nobody, and no other',
      { token: '', resume: { token: 'x.y' } },
      Reason.TOKEN_INVALID,
      NextStep.REAUTHENTICATE,
      'unauthenticated',
    ],
  ])('%s ends with what the client does next', async (_, hello, reason, nextStep, status) => {
    await undisturbed(async () => {
      const stranger = await kit.client({}, { hello });
      expect(stranger.all('welcome')).toEqual([]);
      expect(stranger.all('closed')).toMatchObject([{ reason, nextStep }]);
      expect(stranger.end?.status).toBe(status);
    }, [ann, bystander, eve]);
    expect(kit.node.figures.sessions).toBe(4);
  });
});
