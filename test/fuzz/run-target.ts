import { join } from 'node:path';
import { Random } from '../property/fuzz/random.ts';
import { Coverage } from './coverage.ts';
import { encodeInput, keepInput, readCorpus } from './input-file.ts';
import { shrink } from './shrink.ts';
import type { FuzzTarget, Input, OpenTarget, Verdict } from './target.ts';

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Where inputs that show a violation are written. */
  readonly foundIn: string;
  /** Told before each batch what it is, so that an input that hangs or kills the process is known. */
  readonly begins: (batch: string) => void;
  /** Told about once a second. */
  readonly progress: (executions: number, blocks: number) => void;
}

export interface Violation {
  readonly what: string;
  /** File with the smallest input found that shows it; undefined where no single input does. */
  readonly file: string | undefined;
}

export interface TargetReport {
  readonly target: string;
  readonly seed: number;
  readonly executions: number;
  /** Inputs of the regression corpus among them. */
  readonly replayed: number;
  readonly accepted: number;
  /** How often each kind of verdict was given. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Blocks of `src/` that ran. */
  readonly blocks: number;
  readonly violations: readonly Violation[];
}

/** Inputs kept beside the seeds, for having run code or given an answer that none had before. */
const POOL = 2_000;
/** A target that goes wrong this often is not asked further. */
const MOST_VIOLATIONS = 3;

/** Feeds a target with its corpus, then with mutations of its seeds and of what turned out new, until time is up. */
export async function runTarget(target: FuzzTarget, options: RunOptions): Promise<TargetReport> {
  const coverage = new Coverage();
  const open = await target.open();
  const run = new Run(target.name, open, options, coverage);
  await run.replay();
  await run.fuzz();
  await run.end();
  return run.report();
}

class Run {
  readonly #name: string;
  readonly #target: OpenTarget;
  readonly #options: RunOptions;
  readonly #coverage: Coverage;
  readonly #random: Random;
  readonly #pool: Input[];
  readonly #kinds: Record<string, number> = {};
  readonly #violations: Violation[] = [];
  readonly #times = new Map<string, number>();
  #recent: Input[] = [];
  #executions = 0;
  #replayed = 0;
  #toldAt = performance.now();

  constructor(name: string, target: OpenTarget, options: RunOptions, coverage: Coverage) {
    this.#name = name;
    this.#target = target;
    this.#options = options;
    this.#coverage = coverage;
    this.#random = new Random(options.seed);
    this.#pool = [...target.seeds];
  }

  /** The corpus and the seeds, one by one. */
  async replay(): Promise<void> {
    const corpus = await readCorpus(this.#name);
    for (const { input } of corpus) await this.#batch([input]);
    this.#replayed = corpus.length;
    for (const seed of this.#target.seeds) await this.#batch([seed]);
  }

  async fuzz(): Promise<void> {
    const { width, seeds } = this.#target;
    const until = performance.now() + this.#options.seconds * 1000;
    while (performance.now() < until && this.#violations.length < MOST_VIOLATIONS) {
      const batch: Input[] = [];
      for (let count = 0; count < width; count += 1) {
        // Half from what is valid: what was found is mostly refused early, and so is what is made from it.
        const pool = this.#random.chance(2) ? seeds : this.#pool;
        batch.push(this.#target.generate(this.#random, pool));
      }
      await this.#batch(batch);
      this.#learn(batch);
      await this.#tell();
    }
  }

  async end(): Promise<void> {
    try {
      await this.#target.check();
      await this.#target.close();
    } catch (error) {
      this.#violations.push({ what: `at the end: ${describe(error)}`, file: undefined });
    }
    for (const what of this.#target.faults()) this.#violations.push({ what, file: undefined });
  }

  report(): TargetReport {
    this.#coverage.look();
    const accepted = Object.entries(this.#kinds).filter(([kind]) => kind.startsWith('accepted'));
    return {
      target: this.#name,
      seed: this.#options.seed,
      executions: this.#executions,
      replayed: this.#replayed,
      accepted: accepted.reduce((sum, [, count]) => sum + count, 0),
      kinds: this.#kinds,
      blocks: this.#coverage.blocks,
      violations: this.#violations,
    };
  }

  async #batch(batch: readonly Input[]): Promise<void> {
    this.#options.begins(JSON.stringify(batch.map((input) => encodeInput(this.#name, 'was running', input))));
    const before = process.threadCpuUsage();
    const verdicts = await Promise.all(batch.map((input) => this.#run(input)));
    const cost = costSince(before);
    this.#executions += batch.length;
    for (const [index, verdict] of verdicts.entries()) {
      const input = batch[index] as Input;
      this.#count(verdict, input);
      if (verdict.violation !== undefined) await this.#violated(input, verdict.violation);
    }
    const faults = this.#target.faults();
    if (faults.length > 0) await this.#blame(batch, faults);
    if (cost > this.#target.costMs) await this.#blameCost(batch);
  }

  async #run(input: Input): Promise<Verdict> {
    try {
      return await this.#target.run(input);
    } catch (error) {
      return { kind: 'exception', violation: `an exception came out: ${describe(error)}` };
    }
  }

  #count({ kind }: Verdict, input: Input): void {
    const known = this.#kinds[kind];
    this.#kinds[kind] = (known ?? 0) + 1;
    if (known === undefined) this.#keep(input);
  }

  #keep(input: Input): void {
    const size = input.reduce((sum, part) => sum + part.length, 0);
    if (size > 64 * 1024) return;
    if (this.#pool.length < this.#target.seeds.length + POOL) this.#pool.push(input);
    else this.#pool[this.#target.seeds.length + this.#random.below(POOL)] = input;
  }

  /** Keeps some of the inputs since the last look where code ran for the first time. */
  #learn(batch: readonly Input[]): void {
    this.#recent.push(...batch);
    const fresh = this.#coverage.look();
    if (fresh === undefined) return;
    for (let count = 0; count < Math.min(fresh, 4); count += 1) this.#keep(this.#random.pick(this.#recent));
    this.#recent = [];
  }

  async #tell(): Promise<void> {
    const now = performance.now();
    if (now - this.#toldAt < 1000) return;
    this.#toldAt = now;
    this.#options.progress(this.#executions, this.#coverage.blocks);
    try {
      await this.#target.check();
    } catch (error) {
      this.#violations.push({ what: `bystanders: ${describe(error)}`, file: undefined });
    }
  }

  /** Finds which input of a batch causes what was noticed beside the answers. */
  async #blame(batch: readonly Input[], faults: readonly string[]): Promise<void> {
    for (const input of batch) {
      if (!(await this.#faulty(input))) continue;
      await this.#violated(input, faults[0] ?? '');
      return;
    }
    const file = await this.#write(batch.flat(), `${faults[0]} (by several inputs together)`);
    this.#violations.push({ what: faults.join('; '), file });
  }

  async #faulty(input: Input): Promise<boolean> {
    const { violation } = await this.#run(input);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return this.#target.faults().length > 0 || violation !== undefined;
  }

  async #blameCost(batch: readonly Input[]): Promise<void> {
    for (const input of batch) {
      const costs: number[] = [];
      for (let turn = 0; turn < 3; turn += 1) {
        const before = process.threadCpuUsage();
        await this.#run(input);
        costs.push(costSince(before));
      }
      const cost = Math.min(...costs);
      if (cost <= this.#target.costMs) continue;
      const what = `costs ${Math.round(cost)} ms of CPU time, at most ${this.#target.costMs}`;
      this.#violations.push({ what, file: await this.#write(input, what) });
      return;
    }
  }

  /** Makes the input small and writes it down; the second input that shows the same is only counted. */
  async #violated(input: Input, what: string): Promise<void> {
    const name = what.replace(/\d+/g, '#').slice(0, 80);
    this.#times.set(name, (this.#times.get(name) ?? 0) + 1);
    if (this.#times.get(name) !== 1) return;
    this.#target.faults();
    const smallest = (await this.#faulty(input)) ? await this.#shrink(input) : input;
    this.#target.faults();
    const { violation = what } = await this.#run(smallest);
    this.#target.faults();
    this.#violations.push({ what: violation, file: await this.#write(smallest, violation) });
  }

  async #shrink(input: Input): Promise<Input> {
    const whole: Input = [new Uint8Array(Buffer.concat(input))];
    const isWhole = this.#target.isStream === true && (await this.#faulty(whole));
    return shrink(isWhole ? whole : input, (less) => this.#faulty(less));
  }

  #write(input: Input, why: string): Promise<string> {
    const name = `${this.#name}-${this.#options.seed}-${this.#violations.length}`;
    return keepInput(join(this.#options.foundIn, this.#name), name, this.#name, why, input);
  }
}

function costSince(before: NodeJS.CpuUsage): number {
  return process.threadCpuUsage(before).user / 1000;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
