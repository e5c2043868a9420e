import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../src/core/limits.ts';
import { Gathering } from '../../../src/core/session/gathering.ts';
import { Pump } from '../../../src/core/session/pump.ts';
import type { Session } from '../../../src/core/session/session.ts';
import { MemoryEngine } from '../../../src/engine/memory/memory-engine.ts';
import { nodeCrypto } from '../../../src/runtime/node-crypto.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

/** Writes to so many sessions at once, so many times a millisecond, for 30 ms; returns the last rest. */
function under(gathering: Gathering, together: number, timesPerMs: number, from = 1000): number {
  let rest = 0;
  for (let now = from; now < from + 30; now += 1) {
    for (let time = 0; time < timesPerMs; time += 1) rest = gathering.wrote(together, now);
  }
  return rest;
}

describe('the rest of a node under load', () => {
  it('is none for a lone signal, nor for the first ones after a silence', () => {
    const gathering = new Gathering();
    expect(gathering.wrote(1, 1000)).toBe(0);
    expect(under(gathering, 1, 10)).toBeGreaterThan(0);
    expect(gathering.wrote(1, 1100)).toBe(0);
    expect(gathering.wrote(1, 1101)).toBe(0);
  });

  it('is none where little is said', () => {
    expect(under(new Gathering(), 1, 1)).toBe(0);
  });

  it('follows the load: the more comes, the sooner enough has gathered', () => {
    const rests = [4, 10, 20, 40].map((perMs) => under(new Gathering(), 1, perMs));
    expect(rests).toEqual([0.5, 0.5, 0.4, 0.2]);
  });

  it('is none where signals come in bunches by themselves', () => {
    expect(under(new Gathering(), 8, 10)).toBe(0);
  });

  it('outlasts a clock that was set back', () => {
    const gathering = new Gathering();
    under(gathering, 1, 10, 100_000);
    expect(gathering.wrote(1, 5000)).toBe(0);
    expect(under(gathering, 1, 10, 5000)).toBe(0.5);
  });
});

describe('the pump under load', () => {
  /** A pump that has been busy for a while; `flushed` is empty. */
  function busy() {
    const clock = new VirtualClock();
    const engine = new MemoryEngine({ clock, crypto: nodeCrypto, limits: defaultLimits });
    const pump = new Pump(clock, engine);
    const flushed: string[] = [];
    const say = (name: string) =>
      pump.markDirty({
        pump: () => flushed.push(name),
      } as unknown as Session);
    for (let ms = 0; ms < 20; ms += 1) {
      for (let time = 0; time < 4; time += 1) {
        say('warm');
        clock.tick();
      }
      clock.moveTo(clock.now() + 1);
    }
    clock.tick();
    clock.tick();
    clock.rests.length = 0;
    flushed.length = 0;
    return { clock, flushed, say };
  }

  it('writes first, and rests at the end of the next tick, when transports have written, too', () => {
    const { clock, flushed, say } = busy();
    say('ann');
    clock.tick();
    expect(flushed).toEqual(['ann']);
    expect(clock.rests).toEqual([]);
    clock.tick();
    expect(clock.rests).toEqual([0.5]);
    expect(clock.hasSoon).toBe(false);
  });

  it('does not rest again for what came in the tick of a rest: nobody waits for two', () => {
    const { clock, flushed, say } = busy();
    say('ann');
    clock.tick();
    say('bob');
    clock.tick();
    expect(flushed).toEqual(['ann', 'bob']);
    expect(clock.rests).toHaveLength(1);
    clock.tick();
    expect(clock.rests).toHaveLength(1);
    say('cy');
    clock.tick();
    clock.tick();
    expect(clock.rests).toHaveLength(2);
  });
});
