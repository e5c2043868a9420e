import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from '../generator/job.ts';
import type { Measurement } from '../metrics.ts';
import type { JustStart, Load, Scenario, ShareOfPeak } from '../scenarios/scenario.ts';
import type { Subject } from '../subjects/subject.ts';
import { type Contestant, Contestants } from './contestants.ts';
import { type Pace, roundsOf } from './pace.ts';
import { withWorkspace } from './workspace.ts';

/** The machine may be busy with other things. */
const patienceMs = 30_000;
/** Servers that were just started have something to do yet. */
const calmMs = 300;

export interface BenchOptions {
  readonly root: string;
  readonly subjects: readonly Subject[];
  readonly scenarios: readonly Scenario[];
  /** Name of the subject that all are compared with. */
  readonly reference: string;
  readonly pace: Pace;
  /** Where gateways write CPU profiles; absent: they write none. */
  readonly profileFolder: string | undefined;
  /** Called before each round of each subject. */
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly scenario: string;
  readonly subject: string;
  /** 0: the unmeasured round that warms up. */
  readonly round: number;
  readonly rounds: number;
}

/** The measurements of one scenario: by subject, one a round, in the order of the rounds. */
export interface ScenarioRounds {
  readonly scenario: Scenario;
  readonly rounds: ReadonlyMap<string, readonly Measurement[]>;
}

/** A scenario that was run, with the subjects that lost or spoiled a message, or broke otherwise: they have no measurements. */
export interface ScenarioOutcome extends ScenarioRounds {
  /** By subject: what went wrong. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * Runs all scenarios over all their subjects. A subject is out of a scenario at the first message that is lost or wrong.
 *
 * The subjects of a round come directly after one another, in an order that turns with each round, so that whatever else
 * the machine does meets all of them.
 */
export function runBench(options: BenchOptions): Promise<readonly ScenarioOutcome[]> {
  return withWorkspace(options.root, async (workspace) => {
    const contestants = new Contestants(workspace, options.profileFolder);
    try {
      const results: ScenarioOutcome[] = [];
      for (const [number, scenario] of options.scenarios.entries()) {
        const run = new ScenarioRun(options, contestants, scenario, number * 1000);
        const outcome = await run.all();
        if (outcome.rounds.size > 0 || outcome.failures.size > 0) results.push(outcome);
      }
      return results;
    } finally {
      await contestants.stopAll();
    }
  });
}

/** One scenario over its subjects. */
class ScenarioRun {
  readonly #options: BenchOptions;
  readonly #contestants: Contestants;
  readonly #scenario: Scenario;
  readonly #seed: number;
  /** What the rate of an open load is a share of, once it is known. */
  #peak: number | undefined;

  constructor(options: BenchOptions, contestants: Contestants, scenario: Scenario, seed: number) {
    this.#options = options;
    this.#contestants = contestants;
    this.#scenario = scenario;
    this.#seed = seed;
  }

  async all(): Promise<ScenarioOutcome> {
    const { subjects, pace, onProgress } = this.#options;
    const scenario = this.#scenario;
    const taking = subjects.filter(({ name }) => scenario.subjects.includes(name));
    const measured = new Map<string, Measurement[]>(taking.map(({ name }) => [name, []]));
    const failures = new Map<string, string>();
    const rounds = roundsOf(scenario, pace);
    if (!scenario.fresh) await Promise.allSettled(taking.map((subject) => this.#shared(subject)));
    for (let round = scenario.fresh ? 1 : 0; round <= rounds; round += 1) {
      for (const subject of turned(taking, round)) {
        if (failures.has(subject.name)) continue;
        onProgress({ scenario: scenario.name, subject: subject.name, round, rounds });
        try {
          const measurement = await this.#measure(subject, round);
          if (round > 0) measured.get(subject.name)?.push(measurement);
          if (round === rounds && !scenario.fresh) await (await this.#shared(subject)).generator.end();
        } catch (error) {
          failures.set(subject.name, error instanceof Error ? error.message : String(error));
          measured.delete(subject.name);
          await this.#contestants.discard(subject, scenario.name);
        }
      }
    }
    return { scenario, rounds: measured, failures };
  }

  async #measure(subject: Subject, round: number): Promise<Measurement> {
    const { load, fresh, name } = this.#scenario;
    if (!fresh) return this.#round(await this.#shared(subject), await this.#load(load), round);
    const contestant = await this.#contestants.start(subject, name);
    try {
      if (load.kind === 'start') return { start_time: contestant.server.startedMs };
      await delay(calmMs);
      return await this.#round(contestant, await this.#load(load), round);
    } finally {
      await this.#contestants.stop(contestant);
    }
  }

  #round({ server, generator }: Contestant, load: Load, round: number): Promise<Measurement> {
    const { warmUpMs, rampMs, windowMs, settleMs } = this.#options.pace;
    return generator.measure({
      target: server.target,
      scenario: { ...this.#scenario, load },
      seed: this.#seed + round,
      rampMs: round === 0 ? warmUpMs : rampMs,
      windowMs,
      settleMs,
      patienceMs,
    } satisfies Job);
  }

  /** A share of the classic server's peak becomes a rate: measured once, before anything else of the scenario. */
  async #load(load: Load | ShareOfPeak | JustStart): Promise<Load> {
    if (load.kind === 'start') throw new Error('there is nothing to load');
    if (load.kind !== 'share-of-peak') return load;
    this.#peak ??= await this.#peakUnder(load.peak);
    return { kind: 'open', perSecond: Math.round(load.share * this.#peak) };
  }

  async #peakUnder(load: Load): Promise<number> {
    const { subjects, reference } = this.#options;
    const classic = subjects.find(({ name }) => name === reference);
    if (classic === undefined) throw new Error(`${this.#scenario.name} needs ${reference}`);
    const contestant = await this.#shared(classic);
    await this.#round(contestant, load, 0);
    const { rate = 0 } = await this.#round(contestant, load, 1);
    await contestant.generator.end();
    return rate;
  }

  #shared(subject: Subject): Promise<Contestant> {
    return this.#contestants.of(subject, this.#scenario.name);
  }
}

function turned<Item>(items: readonly Item[], by: number): readonly Item[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
