import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { FrameErrorSchema, Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { isRetryable, refuse } from '../../src/core/refusal.ts';
import { codeOf, refusalError } from '../../src/services/refusal-error.ts';

describe('the error of a refusal', () => {
  it('has a status for every reason of the schema', () => {
    for (const [name, reason] of Object.entries(Reason)) {
      expect(Code[codeOf[reason] ?? 0], name).toBeTypeOf('string');
    }
  });

  it('never tells a client that only repeats to give up where repeating helps', () => {
    const hopeless = [Code.InvalidArgument, Code.NotFound, Code.PermissionDenied, Code.AlreadyExists];
    for (const reason of Object.values(Reason).filter(isRetryable)) {
      expect(hopeless).not.toContain(codeOf[reason]);
    }
  });

  it('carries reason, field, room and the time to wait', () => {
    const more = { fieldPath: 'message', room: 'r', retryAfterMs: 1500 };
    const error = refusalError(refuse(Reason.RATE_LIMITED, 'slow down', more));
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: Code.ResourceExhausted, rawMessage: 'slow down' });
    expect(error.findDetails(FrameErrorSchema)).toMatchObject([
      {
        reason: Reason.RATE_LIMITED,
        retryable: true,
        detail: 'slow down',
        fieldPath: 'message',
        room: 'r',
        retryAfter: { seconds: 1n, nanos: 500_000_000 },
      },
    ]);
  });
});
