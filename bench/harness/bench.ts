import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysCommand } from '../../src/auth/token-command.ts';
import type { Measurement } from '../generator/job.ts';
import type { Scenario } from '../scenarios.ts';
import type { Subject } from '../subjects/subject.ts';
import { Generator } from './generator.ts';
import { Server } from './server.ts';

/** The machine may be busy with other things. */
const patienceMs = 5_000;

/** How long and how often. */
export interface Pace {
  /** Measured rounds of each scenario; each has all subjects, one after the other. */
  readonly rounds: number;
  /** Load before the unmeasured first round of a scenario: until servers and generators run compiled code. */
  readonly warmUpMs: number;
  /** Load before each measurement. */
  readonly rampMs: number;
  readonly windowMs: number;
}

export interface BenchOptions {
  readonly root: string;
  readonly subjects: readonly Subject[];
  readonly scenarios: readonly Scenario[];
  readonly pace: Pace;
  /** Called before each round of each subject. */
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly scenario: string;
  readonly subject: string;
  /** 0: the unmeasured round that warms up. */
  readonly round: number;
  readonly rounds: number;
  /** Of the whole bench, from 0 to 1. */
  readonly done: number;
}

/** The measurements of one scenario: by subject, one a round, in the order of the rounds. */
export interface ScenarioRounds {
  readonly scenario: Scenario;
  readonly rounds: ReadonlyMap<string, readonly Measurement[]>;
}

interface Contestant {
  readonly server: Server;
  readonly generator: Generator;
}

/**
 * Runs all scenarios over all subjects. Rejects at the first message that is lost or wrong.
 *
 * Every server runs from the start to the end, idle while another is measured. The subjects of a round come directly
 * after one another, in an order that turns with each round, so that whatever else the machine does meets all of them.
 */
export async function runBench(options: BenchOptions): Promise<readonly ScenarioRounds[]> {
  const { root, subjects, scenarios, pace, onProgress } = options;
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-'));
  const contestants: Contestant[] = [];
  try {
    const keyFile = join(folder, 'keys.json');
    await writeFile(keyFile, keysCommand(['new'], randomBytes));
    for (const subject of subjects) {
      const server = await Server.start(subject, { root, keyFile });
      contestants.push({ server, generator: new Generator() });
    }
    const results: ScenarioRounds[] = [];
    const steps = scenarios.length * (pace.rounds + 1) * subjects.length;
    let step = 0;
    for (const [number, scenario] of scenarios.entries()) {
      const rounds = new Map<string, Measurement[]>(subjects.map(({ name }) => [name, []]));
      for (let round = 0; round <= pace.rounds; round += 1) {
        for (const { server, generator } of turned(contestants, round)) {
          const { name } = server.subject;
          onProgress({
            scenario: scenario.name,
            subject: name,
            round,
            rounds: pace.rounds,
            done: step / steps,
          });
          step += 1;
          const seed = number * 1000 + round;
          const { target } = server;
          const { windowMs } = pace;
          const rampMs = round === 0 ? pace.warmUpMs : pace.rampMs;
          const measurement = await generator.run({ target, scenario, seed, rampMs, windowMs, patienceMs });
          if (round > 0) rounds.get(name)?.push(measurement);
        }
      }
      results.push({ scenario, rounds });
    }
    return results;
  } finally {
    await Promise.all(contestants.flatMap(({ server, generator }) => [server.stop(), generator.stop()]));
    await rm(folder, { recursive: true, force: true });
  }
}

function turned<Item>(items: readonly Item[], by: number): readonly Item[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
