import fc from 'fast-check';
import { describe, it } from 'vitest';
import { RoomSettings_Presence as Presence } from '../../gen/signalbox/v1/room_pb.ts';
import { type Action, DeliveryModel, parties } from './core/delivery-model.ts';

/** A few seconds' worth. fast-check prints and shrinks the schedule that fails. */
const runs = 1000;

const who = fc.nat({ max: parties - 1 });
const step = <Kind extends string>(...kinds: Kind[]) => fc.constantFrom(...kinds);

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: step('join', 'join', 'leave', 'rejoin'), who }) },
  { weight: 4, arbitrary: fc.record({ kind: step('stall', 'drain', 'deafen', 'drop', 'resume'), who }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: step('update', 'say', 'say', 'put', 'count'),
      who,
      value: fc.nat({ max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: step('signal'), who, to: who }) },
  { weight: 4, arbitrary: fc.record({ kind: step('tick') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: step('presence'),
      presence: fc.constantFrom(Presence.FULL, Presence.LISTED, Presence.COUNT),
    }),
  },
);

const restarts: fc.Arbitrary<Action> = fc.record({
  kind: step('restart'),
  downMs: fc.constantFrom(0, 1000, 60_000),
});

const limits = fc.record({
  gatherBytes: fc.constantFrom(300, 2000, 262_144),
  roomEntries: fc.constantFrom(6, 2048),
  rosterPage: fc.constantFrom(1, 200),
  historyMessages: fc.constant(1000),
});

describe('any schedule of joins, leaves, updates, messages, signals, stalls and lost connections', () => {
  it('leaves every client with the room’s roster, count and values, each message and signal once and in order', async () => {
    await holds(fc.array(actions, { minLength: 5, maxLength: 80 }));
  });

  it('does so over orderly restarts, and what is taken up is what was left', async () => {
    const any = fc.oneof({ weight: 15, arbitrary: actions }, { weight: 1, arbitrary: restarts });
    await holds(fc.array(any, { minLength: 20, maxLength: 80 }));
  });
});

async function holds(schedule: fc.Arbitrary<Action[]>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(schedule, limits, async (steps, chosen) => {
      const model = await DeliveryModel.start(chosen);
      for (const action of steps) await model.act(action);
      await model.rest();
      model.check();
      await model.stop();
    }),
    { numRuns: runs },
  );
}
