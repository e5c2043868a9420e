import { describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { defaultLimits } from '../../../src/core/limits.ts';
import { Gathering } from '../../../src/core/session/gathering.ts';
import { Pump } from '../../../src/core/session/pump.ts';
import type { Session } from '../../../src/core/session/session.ts';
import { MemoryEngine } from '../../../src/engine/memory/memory-engine.ts';
import { nodeCrypto } from '../../../src/runtime/node-crypto.ts';
import { startTestNode, type TestClient } from '../../helpers/test-node.ts';
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
    expect(rests).toEqual([1, 1, 0.8, 0.4]);
  });

  it('is none where signals come in bunches by themselves', () => {
    expect(under(new Gathering(), 16, 10)).toBe(0);
  });

  it('outlasts a clock that was set back', () => {
    const gathering = new Gathering();
    under(gathering, 1, 10, 100_000);
    expect(gathering.wrote(1, 5000)).toBe(0);
    expect(under(gathering, 1, 10, 5000)).toBe(1);
  });
});

describe('the pump under load', () => {
  it('tells a total, a newest value and LOSSY messages together, and what is RELIABLE at once', async () => {
    const kit = await startTestNode();
    const clients = [];
    for (let i = 0; i < 60; i += 1) clients.push((await kit.inRoom('r', { identity: `i${i}` })).client);
    const [ann, bob] = clients as [TestClient, TestClient];
    await kit.pass(1000);
    const say = (delivery: DeliveryClass, value: string) => {
      const content = { case: 'text' as const, value };
      const message = { room: 'r', delivery, messageType: 't', key: 'k' };
      const isCounted = delivery === DeliveryClass.COUNTED;
      ann.send({ case: 'message', value: isCounted ? { ...message, count: 1n } : { ...message, content } });
    };
    // Sixty sessions are written to in each millisecond.
    for (let ms = 0; ms < 20; ms += 1) {
      say(DeliveryClass.RELIABLE, 'warm');
      kit.clock.tick();
      kit.clock.moveTo(kit.clock.now() + 1);
    }
    kit.clock.tick();
    const before = bob.frames.length;
    for (let i = 1; i <= 3; i += 1) {
      say(DeliveryClass.COUNTED, '');
      say(DeliveryClass.LATEST, `latest ${i}`);
      say(DeliveryClass.LOSSY, `lossy ${i}`);
      kit.clock.tick();
    }
    expect(bob.since(before)).toEqual([]);
    await kit.pass(10);
    const told = bob
      .since(before)
      .flatMap(({ body, origin }) =>
        body.case === 'message' ? [body.value.content.value ?? Number(origin?.total)] : [],
      );
    expect(told).toEqual(['latest 3', 3, 'lossy 1', 'lossy 2', 'lossy 3']);
    await kit.stop();
  });

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
    expect(clock.rests).toEqual([1]);
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

describe('what is said in bulk', () => {
  it('is told at once where little is said, and waits the longer the more is written', () => {
    const waits = [1, 10, 20, 200].map((perMs) => {
      const gathering = new Gathering();
      under(gathering, perMs, 1);
      return gathering.bulkMs(1030);
    });
    expect(waits).toEqual([0, 3, 6, 10]);
    const gathering = new Gathering();
    under(gathering, 50, 1);
    expect(gathering.bulkMs(1100)).toBe(0);
  });
});
