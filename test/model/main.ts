import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { check, ciRuns, describeFinding, type Finding, type Kind, mutantRuns, newSeed } from './check.ts';
import { withMutant } from './mutant.ts';
import { interleavingMutants, sequenceMutants } from './mutants.ts';
import type { Shard, ShardResult } from './shard.ts';
import type { Tally } from './tally.ts';

/** Runs of a shard: what one thread plays before it asks for more. */
const shardRuns = 500;

const usage = `npm run test:model -- [options]
  --sequences <n>      sequences of commands (default ${ciRuns.sequences})
  --interleavings <n>  interleavings with an engine that answers later (default ${ciRuns.interleavings})
  --seed <n>           of the first ${shardRuns}; those that follow have the seeds that follow (default: another one each time)
  --only <what>        sequences, interleavings or mutants`;

const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: String(ciRuns.sequences) },
    interleavings: { type: 'string', default: String(ciRuns.interleavings) },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? newSeed() : Number(values.seed);
const runs: Readonly<Record<Kind, number>> = {
  sequences: Number(values.sequences),
  interleavings: Number(values.interleavings),
};
const parts = ['sequences', 'interleavings', 'mutants'];
if (
  values.help ||
  [seed, ...Object.values(runs)].some((n) => !Number.isSafeInteger(n) || n < 0) ||
  !['', ...parts].includes(values.only)
) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

console.log(`seed ${seed}`);
let failed = false;
for (const part of parts) {
  if (values.only !== '' && values.only !== part) continue;
  if (part === 'mutants') await playMutants();
  else await play(part as Kind);
}
process.exit(failed ? 1 : 0);

/** Plays all runs of a kind on all cores, and says what they met. */
async function play(kind: Kind): Promise<void> {
  const shards: Shard[] = [];
  for (let first = 0; first < runs[kind]; first += shardRuns) {
    shards.push({ kind, seed: seed + shards.length, runs: Math.min(shardRuns, runs[kind] - first) });
  }
  const findings: Finding[] = [];
  const tally: Tally = new Map();
  let played = 0;
  const startedAt = performance.now();
  const threads = Math.min(availableParallelism(), shards.length);
  await Promise.all(
    Array.from({ length: threads }, () =>
      playShards(shards, ({ shard, finding, tally: met }) => {
        played += finding?.run ?? shard.runs;
        if (finding !== undefined) findings.push(finding);
        for (const [what, times] of met) tally.set(what, (tally.get(what) ?? 0) + times);
        if (played % (10 * shardRuns) === 0) console.log(`  ${played} of ${runs[kind]} ${kind}`);
      }),
    ),
  );
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  for (const finding of findings) console.log(describeFinding(finding));
  for (const [what, times] of [...tally].sort()) console.log(`  ${String(times).padStart(9)} ${what}`);
  console.log(`${played} ${kind} in ${seconds} s: ${findings.length} violations`);
  failed ||= findings.length > 0;
}

/** A thread takes shards until there are none. */
async function playShards(shards: Shard[], done: (result: ShardResult) => void): Promise<void> {
  const thread = new Worker(new URL('shard.ts', import.meta.url));
  for (let shard = shards.shift(); shard !== undefined; shard = shards.shift()) {
    done(
      await new Promise<ShardResult>((resolve, reject) => {
        thread.once('message', resolve).once('error', reject);
        thread.postMessage(shard);
      }),
    );
    thread.removeAllListeners('error');
  }
  await thread.terminate();
}

/** Takes out each rule: the test that finds nothing then does not test it. */
async function playMutants(): Promise<void> {
  for (const mutant of [...sequenceMutants, ...interleavingMutants]) {
    const { by, rule } = mutant;
    const finding = await withMutant(mutant, (core) => check(by, core, seed, mutantRuns[by]));
    const [broken = ''] = finding?.broken.split('\n') ?? [];
    const told =
      finding === undefined
        ? `NOT FOUND in ${mutantRuns[by]} ${by}`
        : `found by run ${finding.run} of the ${by}, shrunk to ${finding.length} commands (${broken})`;
    console.log(`  without "${rule}": ${told}`);
    failed ||= finding === undefined;
  }
}
