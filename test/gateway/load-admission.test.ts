import { describe, expect, test } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { DEFAULT_LIMITS } from '../../src/gateway/limits.ts';
import { LoadAdmission } from '../../src/gateway/load-admission.ts';

const peerAt = (address: string) => ({ address, userAgent: '', bearerToken: '' });

/** An admission whose clock, event loop and luck are the test's. */
function admission(limits: ConstructorParameters<typeof LoadAdmission>[0] = {}) {
  const world = { now: 0, delay: 0, luck: 0 };
  const made = new LoadAdmission({
    delayMs: () => world.delay,
    now: () => world.now,
    random: () => world.luck,
    ...limits,
  });
  return { world, made };
}

describe('an event loop that is late', () => {
  test('sheds new sessions first, resumed ones much later, and frames of sessions never', () => {
    const { world, made } = admission();
    const peer = peerAt('192.0.2.1');
    const shed = () => [made.shed('new', peer)?.reason, made.shed('resumed', peer)?.reason];
    expect(shed()).toEqual([undefined, undefined]);
    world.delay = DEFAULT_LIMITS.busyMs + 1;
    expect(shed()).toEqual([Reason.OVERLOADED, undefined]);
    expect(made.accept('session', '192.0.2.1').accepted).toBe(true);
    world.delay = DEFAULT_LIMITS.overloadedMs + 1;
    expect(shed()).toEqual([Reason.OVERLOADED, Reason.OVERLOADED]);
    const kinds = ['session', 'call', 'frames'] as const;
    expect(kinds.map((kind) => made.accept(kind, '192.0.2.1').accepted)).toEqual([false, false, true]);
  });

  test('sends everybody back at another moment of ten seconds', () => {
    const { world, made } = admission();
    world.delay = 10_000;
    const waits = [0, 0.5, 0.999].map((luck) => {
      world.luck = luck;
      return made.shed('new', peerAt('192.0.2.1'))?.retryAfterMs;
    });
    expect(waits).toEqual([1_000, 6_000, 10_990]);
  });
});

describe('one address', () => {
  test('may ask for so many sessions, and others for theirs', () => {
    const { world, made } = admission({ limits: { sessionRate: { burst: 2, perSecond: 1 } } });
    const ask = (address: string) => made.shed('new', peerAt(address))?.reason;
    expect([1, 2, 3].map(() => ask('192.0.2.1'))).toEqual([undefined, undefined, Reason.RATE_LIMITED]);
    expect(ask('192.0.2.2')).toBe(undefined);
    world.now = 1000;
    expect(ask('192.0.2.1')).toBe(undefined);
  });

  test('pays more for a Hello whose token was none', () => {
    const limits = { sessionRate: { burst: 20, perSecond: 1 }, refusedHelloCost: 20 };
    const { made } = admission({ limits });
    expect(made.shed('new', peerAt('192.0.2.1'))).toBe(undefined);
    made.refused(peerAt('192.0.2.1'));
    expect(made.shed('new', peerAt('192.0.2.1'))?.reason).toBe(Reason.RATE_LIMITED);
  });

  test('may have so many calls under way, until they are over', () => {
    const { made } = admission({ limits: { callsInFlight: 2 } });
    const verdicts = [1, 2, 3].map(() => made.accept('call', '192.0.2.1'));
    expect(verdicts.map(({ accepted }) => accepted)).toEqual([true, true, false]);
    expect(made.accept('call', '192.0.2.2').accepted).toBe(true);
    const [first] = verdicts;
    if (first?.accepted) first.over?.();
    expect(made.accept('call', '192.0.2.1').accepted).toBe(true);
  });

  test('may make so many calls a second', () => {
    const { world, made } = admission({ limits: { callRate: { burst: 1, perSecond: 1 } } });
    const call = () => made.accept('call', '192.0.2.1').accepted;
    expect([call(), call()]).toEqual([true, false]);
    world.now = 1000;
    expect(call()).toBe(true);
  });
});
