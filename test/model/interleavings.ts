import fc from 'fast-check';
import { type Command, type Setting, sequences, settings } from './commands.ts';
import type { Core } from './core.ts';
import { scheduledSurroundings } from './scheduled.ts';
import { playSequence } from './sequences.ts';
import type { Tally } from './tally.ts';

/** Most commands of an interleaving: what matters is what comes between them. */
const mostCommands = 40;

/** The same with an engine that answers later, a verifier that takes its time, and ticks that end when they like. */
export function interleavingProperty(
  core: Core,
  tally?: Tally,
): fc.IAsyncProperty<[Command[], Setting, fc.Scheduler, fc.Stream<boolean>]> {
  const loses = fc.infiniteStream(fc.nat({ max: 5 }).map((n) => n === 0));
  return fc.asyncProperty(
    sequences(mostCommands),
    settings,
    fc.scheduler(),
    loses,
    (sequence, setting, scheduler, losses) => {
      const next = () => losses.next().value === true;
      const surroundings = scheduledSurroundings(scheduler, next);
      return playSequence(core, sequence, setting, { surroundings, tally });
    },
  );
}
