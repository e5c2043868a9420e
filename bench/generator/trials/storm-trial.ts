import type { Measurement } from '../../metrics.ts';
import type { Work } from '../../scenarios/scenario.ts';
import type { Crew } from '../crew.ts';
import type { Target } from '../job.ts';
import { Meter } from '../meter.ts';
import { RosterView } from '../roster-view.ts';
import type { SignalboxSession } from '../signalbox-session.ts';
import { measurementOf, type Round, type Trial } from './trial.ts';

type Storm = Extract<Work, { kind: 'storm' }>;

const room = 'storm';

/**
 * All join one room at once: measured until everybody has seen everybody, or the last number where the room shows no
 * more. One more joins then: what it gets is the final roster.
 */
export class StormTrial implements Trial {
  readonly #target: Target;
  readonly #crew: Crew;
  readonly #load: Storm;
  readonly #open: () => Promise<readonly SignalboxSession[]>;
  #sessions: readonly SignalboxSession[] = [];
  #views: readonly RosterView[] = [];

  constructor(target: Target, crew: Crew, load: Storm, open: () => Promise<readonly SignalboxSession[]>) {
    this.#target = target;
    this.#crew = crew;
    this.#load = load;
    this.#open = open;
  }

  async prepare(): Promise<void> {
    this.#sessions = await this.#crew.guard(this.#open());
    this.#views = this.#sessions.map((session) => new RosterView(session));
  }

  measure(round: Round): Promise<Measurement> {
    return this.#crew.guard(this.#measure(round));
  }

  close(): Promise<void> {
    return this.#crew.close();
  }

  async #measure({ patienceMs }: Round): Promise<Measurement> {
    const late = this.#sessions.at(-1)!;
    const members = this.#sessions.slice(0, -1);
    const views = this.#views.slice(0, -1);
    const before = this.#crew.read();
    await Promise.all(members.map((session) => this.#join(session)));
    await this.#crew.settle(
      () => this.#allSeen(views),
      patienceMs,
      () => this.#missing(views),
    );
    const after = this.#crew.read();
    const bytes = after.bytesIn - before.bytesIn;
    const rosterFrom = late.pipe.bytesIn;
    await this.#join(late);
    await this.#crew.settle(
      () => this.#allSeen(this.#views),
      patienceMs,
      () => 'the last one does not see all',
    );
    const roster = late.pipe.bytesIn - rosterFrom;
    const perMember = bytes / members.length;
    return {
      ...measurementOf(this.#target, before, after, Meter.counted(members.length)),
      bytes_sent: perMember / 1000,
      ...(this.#load.presence === 'full' && { roster_factor: perMember / roster }),
      spread_time: (after.at - before.at) / 1000,
    };
  }

  #join(session: SignalboxSession): Promise<void> {
    return session.join(room, this.#load.presence === 'full' ? 'mesh' : 'count');
  }

  #allSeen(views: readonly RosterView[]): boolean {
    const all = views.length;
    if (this.#load.presence === 'count') return views.every(({ count }) => count === all);
    const sum = views.reduce((total, { own }) => (total + own) >>> 0, 0);
    return views.every((view) => view.shown === all && view.sum === sum);
  }

  #missing(views: readonly RosterView[]): string {
    const shown = views.map((view) => (this.#load.presence === 'count' ? view.count : view.shown));
    return `of ${views.length} members, one was shown ${Math.min(...shown)}, one ${Math.max(...shown)}`;
  }
}
