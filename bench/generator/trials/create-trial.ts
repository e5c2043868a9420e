import type { Load, Scenario } from '../../scenarios/scenario.ts';
import { Crew } from '../crew.ts';
import type { Target } from '../job.ts';
import { Calls } from '../loads/calls.ts';
import { Likes } from '../loads/likes.ts';
import { ClosedTrickle, OpenTrickle } from '../loads/trickle.ts';
import { openClient, openMany, openSession } from '../open-clients.ts';
import { DialInTrial } from './dial-in-trial.ts';
import { FanOutTrial } from './fan-out-trial.ts';
import { IdleTrial } from './idle-trial.ts';
import { StormTrial } from './storm-trial.ts';
import type { Trial } from './trial.ts';
import { WindowTrial } from './window-trial.ts';

export function createTrial(target: Target, { load, connections }: Scenario<Load>): Trial {
  const crew = new Crew(target.pid);
  const openClients = async (count: number) =>
    crew.add(await openMany(count, (index) => openClient(target, index)));
  const openSessions = async (count: number) =>
    crew.add(await openMany(count, (index) => openSession(target, index)));
  const openPairs = () => openClients(connections);
  switch (load.kind) {
    case 'closed':
      return new WindowTrial(target, crew, new ClosedTrickle(openPairs, load));
    case 'open':
      return new WindowTrial(target, crew, new OpenTrickle(openPairs, load.perSecond));
    case 'calls':
      return new WindowTrial(target, crew, new Calls(openPairs, load.candidates));
    case 'likes':
      return new WindowTrial(target, crew, new Likes(() => openSessions(connections), load.perSecond));
    case 'fan-out':
      return new FanOutTrial(target, crew, load, () => openClients(connections + 1));
    case 'dial-in':
      return new DialInTrial(target, crew, load, connections);
    case 'storm':
      return new StormTrial(target, crew, load, () => openSessions(connections + 1));
    case 'idle':
      return new IdleTrial(target, crew, connections);
  }
}
