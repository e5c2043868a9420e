import { Code, ConnectError, type UnaryRequest, type UnaryResponse } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { FrameErrorSchema, Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { untilFrozen } from '../../src/services/until-frozen.ts';

const request = {} as UnaryRequest;
const answer = { message: {} } as UnaryResponse;

/** A call of a node that freezes while the call is carried out, where `during` says so. */
function call(node: { isFrozen: boolean }, carryOut: () => Promise<UnaryResponse>) {
  return untilFrozen(node)(carryOut)(request);
}

async function refusalOf(outcome: Promise<unknown>) {
  const error = await outcome.then(
    () => expect.unreachable('it was answered'),
    (reason: unknown) => ConnectError.from(reason),
  );
  return { code: error.code, reason: error.findDetails(FrameErrorSchema)[0]?.reason };
}

describe('calls of backends to a gateway that hands its state over', () => {
  it('are carried out until then', async () => {
    expect(await call({ isFrozen: false }, async () => answer)).toBe(answer);
    const failing = call({ isFrozen: false }, async () => {
      throw new ConnectError('no', Code.NotFound);
    });
    await expect(failing).rejects.toMatchObject({ code: Code.NotFound });
  });

  it('are not begun after it', async () => {
    let begun = 0;
    const outcome = call({ isFrozen: true }, async () => {
      begun += 1;
      return answer;
    });
    expect(await refusalOf(outcome)).toEqual({ code: Code.Unavailable, reason: Reason.DRAINING });
    expect(begun).toBe(0);
  });

  it.each([
    ['an answer', async () => answer],
    [
      'an error',
      async () => {
        throw new ConnectError('no such room', Code.NotFound);
      },
    ],
  ])('are not told what came of them when it came meanwhile: %s', async (_, carryOut) => {
    const node = { isFrozen: false };
    const outcome = call(node, async () => {
      node.isFrozen = true;
      return carryOut();
    });
    expect(await refusalOf(outcome)).toEqual({ code: Code.Unavailable, reason: Reason.DRAINING });
  });
});
