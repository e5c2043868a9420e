import { afterEach, describe, expect, it } from 'vitest';
import { AwakeTime } from '../../../src/core/awake-time.ts';
import { ResumeWindow } from '../../../src/core/session/resume-window.ts';
import { startTestNode, type TestNode } from '../../helpers/test-node.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

describe('a window', () => {
  /** A clock whose timers come so much too early, as they do where the tick that set them was long. */
  class HastyClock extends VirtualClock {
    readonly #earlyMs: number;

    constructor(earlyMs: number) {
      super();
      this.#earlyMs = earlyMs;
    }

    override after(milliseconds: number, run: () => void): () => void {
      return super.after(Math.max(1, milliseconds - this.#earlyMs), run);
    }
  }

  it('does not end early because its timer does', () => {
    const clock = new HastyClock(600);
    const awake = new AwakeTime(clock, 60_000);
    const start = clock.now();
    let overAt = 0;
    new ResumeWindow({ clock, awake }, 8000, () => {
      overAt = clock.now();
    });
    clock.advance(20_000);
    expect(overAt - start).toBe(8000);
    expect(clock.timers).toBe(0);
  });

  it('tells what is left of it, and never ends once it is cancelled', () => {
    const clock = new VirtualClock();
    const window = new ResumeWindow({ clock, awake: new AwakeTime(clock, 60_000) }, 8000, () => {
      throw new Error('it was cancelled');
    });
    clock.advance(3000);
    expect(window.leftMs).toBe(5000);
    window.cancel();
    clock.advance(20_000);
  });
});

describe('time awake', () => {
  it('goes on with the clock from beat to beat, and counts no more than its longest in one', () => {
    const clock = new VirtualClock();
    const awake = new AwakeTime(clock, 2000);
    clock.advance(1000);
    expect(awake.now()).toBe(1000);
    awake.beat();
    clock.advance(1500);
    awake.beat();
    expect(awake.now()).toBe(2500);
    clock.advance(60_000);
    expect(awake.now()).toBe(4500);
    awake.beat();
    expect(awake.now()).toBe(4500);
    clock.advance(1000);
    expect(awake.now()).toBe(5500);
  });
});

describe('a gateway that stood still', () => {
  let kit: TestNode;

  afterEach(() => kit.stop());

  it('does not end the sessions whose windows went by meanwhile: their clients found nobody', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    bob.drop();
    await kit.pass(10_000);
    // All timers are due at once, as after SIGSTOP and SIGCONT.
    kit.clock.moveTo(kit.clock.now() + 600_000);
    await kit.settle();
    expect(kit.node.figures.sessions).toBe(2);
    await kit.pass(kit.limits.resumeWindowMs - 13_000);
    expect(kit.node.figures.sessions).toBe(2);
    await kit.pass(3000);
    expect(kit.node.figures.sessions).toBe(1);
    expect(ann.all('rosterDelta').flatMap(({ left }) => left)).toHaveLength(1);
  });

  it('judges no client by an answer that it has not read yet', async () => {
    kit = await startTestNode();
    const ann = await kit.client({}, { autoPong: false });
    await kit.pass(kit.limits.pingIntervalMs + 1000);
    expect(ann.all('ping')).toHaveLength(1);
    kit.clock.moveTo(kit.clock.now() + 60_000);
    await kit.settle();
    expect(ann.end).toBeUndefined();
    await kit.pass(kit.limits.pongTimeoutMs);
    expect(ann.end?.status).toBe('unavailable');
  });
});
