import type { Scheduler } from 'fast-check';
import type { Clock } from '../../src/core/clock.ts';
import type { Engine } from '../../src/core/engine.ts';
import type { TokenVerifier } from '../../src/core/grants.ts';
import type { Publication } from '../../src/core/room/publication.ts';
import type { RoomKey } from '../../src/core/room-key.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import type { Surroundings } from './world.ts';

/** Operations that answer at once whatever the engine is: views, and what has no other part than this process. */
const views: ReadonlySet<string | symbol> = new Set([
  'start',
  'stop',
  'inbox',
  'memberships',
  'view',
  'acknowledge',
]);

/** Operations that the port promises to be idempotent by (log, sender, seq): their answer may be lost, and they be tried again. */
const retried: ReadonlySet<string | symbol> = new Set(['append', 'publish']);

/** Time whose ticks end when the scheduler says so. */
class ScheduledClock extends VirtualClock implements Clock {
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    super();
    this.#scheduler = scheduler;
  }

  override soon(run: () => void): void {
    void this.#scheduler.schedule(Promise.resolve(), 'tick').then(run);
  }
}

/**
 * An engine over a network, as the scheduler has it: an operation begins when it is called, takes effect at some later point,
 * and is answered at another. What is under way at the same time takes effect in any order, also on one log: whoever needs
 * an order waits for the answer. `loses` says whether the next answer is lost on its way, and the operation tried again.
 */
function scheduledEngine(engine: Engine, scheduler: Scheduler, loses: () => boolean): Engine {
  const operations = new Map<string | symbol, unknown>();
  const point = (label: string) => scheduler.schedule(Promise.resolve(), label);
  return new Proxy(engine, {
    get(target, name) {
      const known = operations.get(name);
      if (known !== undefined) return known;
      const found: unknown = Reflect.get(target, name, target);
      if (typeof found !== 'function' || views.has(name)) return found;
      const label = String(name);
      const operation = async (...args: unknown[]) => {
        const own = name === 'publish' ? [args[0], copied(args[1] as Publication)] : args;
        const again = retried.has(name) && loses();
        await point(label);
        const epoch = epochOf(target, name, args);
        let result: unknown = found.apply(target, own);
        await point(`${label} answers`);
        // Another log of the same name has not heard of it: whoever tries again looks whether it is the same one.
        if (again && epochOf(target, name, args) === epoch) {
          result = found.apply(target, own);
          await point(`${label} answers again`);
        }
        return result;
      };
      operations.set(name, operation);
      return operation;
    },
  });
}

/** Which log an operation that is tried again is for. */
function epochOf(engine: Engine, name: string | symbol, [log]: readonly unknown[]): string | undefined {
  return name === 'publish' ? engine.view(log as RoomKey)?.epoch : engine.inbox(String(log))?.epoch;
}

/** A room takes a copy of the record: the lane's buffer is used again. */
function copied(message: Publication): Publication {
  return { ...message, record: message.record.slice() };
}

/** All that the core waits for comes when the scheduler says so: the engine's answers, token checks, ends of ticks. */
export function scheduledSurroundings(scheduler: Scheduler, loses: () => boolean): Surroundings {
  return {
    isStepwise: true,
    clock: () => new ScheduledClock(scheduler),
    engine: (engine) => scheduledEngine(engine, scheduler, loses),
    verifier: (verifier: TokenVerifier) => ({
      async verify(token) {
        await scheduler.schedule(Promise.resolve(), 'verify');
        return verifier.verify(token);
      },
      recheck: (grants) => verifier.recheck(grants),
    }),
    async turn() {
      await quiet();
      if (scheduler.count() === 0) return false;
      await scheduler.waitOne();
      await quiet();
      return true;
    },
  };
}

/** Lets everything run that can. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
