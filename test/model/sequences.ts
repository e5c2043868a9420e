import fc from 'fast-check';
import { describeViolations } from '../helpers/history-checker.ts';
import { type Command, type Setting, sequences, settings } from './commands.ts';
import type { Core } from './core.ts';
import { perform } from './perform.ts';
import { checkRest, comeToRest, end } from './rest.ts';
import { count, type Tally } from './tally.ts';
import { type Surroundings, World } from './world.ts';

/** Longest sequence of commands. */
const mostCommands = 100;

/** Plays a sequence, lets everything come to rest, and throws where a promise was not kept. */
export async function playSequence(
  core: Core,
  sequence: readonly Command[],
  setting: Setting,
  { surroundings, tally }: { surroundings?: Surroundings; tally?: Tally | undefined } = {},
): Promise<void> {
  const world = await World.start(core, setting, surroundings);
  await world.gatherCrowd(setting.crowd);
  for (const command of sequence) await perform(world, command);
  await comeToRest(world);
  if (tally !== undefined) count(tally, world);
  const violations = checkRest(world);
  if (violations.length === 0) violations.push(...(await end(world, setting.endsAtOnce)));
  if (violations.length > 0) throw new Error(describeViolations(violations));
}

/** Whatever happens, in whatever order: 0 violations. */
export function sequenceProperty(core: Core, tally?: Tally): fc.IAsyncProperty<[Command[], Setting]> {
  return fc.asyncProperty(sequences(mostCommands), settings, (sequence, setting) =>
    playSequence(core, sequence, setting, { tally }),
  );
}
