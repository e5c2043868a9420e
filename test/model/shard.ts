import { parentPort } from 'node:worker_threads';
import { check, type Finding, type Kind } from './check.ts';
import { loadCore } from './core.ts';
import type { Tally } from './tally.ts';

/** So many runs, from a seed of their own. */
export interface Shard {
  readonly kind: Kind;
  readonly seed: number;
  readonly runs: number;
}

export interface ShardResult {
  readonly shard: Shard;
  readonly finding: Finding | undefined;
  readonly tally: Tally;
}

const core = await loadCore();

/** A thread of `npm run test:model`: plays what it is given, one shard after the other. */
parentPort?.on('message', async (shard: Shard) => {
  const tally: Tally = new Map();
  const finding = await check(shard.kind, core, shard.seed, shard.runs, tally);
  parentPort?.postMessage({ shard, finding, tally } satisfies ShardResult);
});
