import { describe, expect, it } from 'vitest';
import { AckSweep } from '../../../src/core/session/ack-sweep.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

/** Owes from the moment that it is told, and notes when it acknowledged. */
class Debtor {
  readonly acknowledgedAt: number[] = [];
  readonly #sweep: AckSweep;
  readonly #clock: VirtualClock;
  #since: number | undefined;
  #listed = false;

  constructor(sweep: AckSweep, clock: VirtualClock) {
    this.#sweep = sweep;
    this.#clock = clock;
  }

  owe(): void {
    this.#since ??= this.#sweep.turn;
    if (!this.#listed) this.#sweep.add(this);
    this.#listed = true;
  }

  /** A frame took the acknowledgement along. */
  told(): void {
    this.#since = undefined;
  }

  settleAck(turn: number): boolean {
    this.#listed = this.#since !== undefined && turn - this.#since < 2;
    if (this.#since !== undefined && !this.#listed) {
      this.acknowledgedAt.push(this.#clock.now());
      this.told();
    }
    return this.#listed;
  }
}

function start() {
  const clock = new VirtualClock(0);
  const sweep = new AckSweep(clock, 100);
  return { clock, sweep, debtor: () => new Debtor(sweep, clock) };
}

describe('acknowledgements that wait to be taken along', () => {
  it('leave between half of their delay and all of it', () => {
    const { clock, debtor } = start();
    const first = debtor();
    first.owe();
    const later = [1, 20, 49, 50, 80].map((at) => {
      clock.advance(at - clock.now());
      const one = debtor();
      one.owe();
      return { at, one };
    });
    clock.advance(1000);
    expect(first.acknowledgedAt).toEqual([100]);
    for (const { at, one } of later) {
      const [acknowledged = 0] = one.acknowledgedAt;
      expect(acknowledged - at).toBeGreaterThanOrEqual(50);
      expect(acknowledged - at).toBeLessThanOrEqual(100);
    }
  });

  it('keep their time where one before was taken along in the meantime', () => {
    const { clock, debtor } = start();
    const one = debtor();
    one.owe();
    clock.advance(90);
    one.told();
    one.owe();
    clock.advance(59);
    expect(one.acknowledgedAt).toEqual([]);
    clock.advance(41);
    expect(one.acknowledgedAt).toHaveLength(1);
  });

  it('set one timer for all, and none when nothing is owed', () => {
    const { clock, debtor } = start();
    const many = Array.from({ length: 100 }, debtor);
    for (const one of many) one.owe();
    expect(clock.timers).toBe(1);
    for (const one of many) one.told();
    clock.advance(200);
    expect(clock.timers).toBe(0);
    expect(many.every(({ acknowledgedAt }) => acknowledgedAt.length === 0)).toBe(true);
  });

  it('leave no timer behind at the end', () => {
    const { clock, sweep, debtor } = start();
    const one = debtor();
    one.owe();
    sweep.stop();
    expect(clock.timers).toBe(0);
    clock.advance(1000);
    expect(one.acknowledgedAt).toEqual([]);
  });
});
