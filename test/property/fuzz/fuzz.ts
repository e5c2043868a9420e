import { Agreement, minimise } from './agreement.ts';
import { corpus } from './corpus.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

export interface FuzzResult {
  readonly seed: number;
  readonly frames: number;
  readonly accepted: number;
  readonly relayed: number;
  /** The first ones, each with the shortest input that shows it, in hex. */
  readonly differences: readonly string[];
}

const REPORTED = 5;

/** Mutates frames and holds the scanner against the decoders of this process. */
export function fuzzScanner(seed: number, frames: number): FuzzResult {
  const random = new Random(seed);
  const agreement = new Agreement();
  let accepted = 0;
  let relayed = 0;
  const differences: string[] = [];
  for (let count = 0; count < frames && differences.length < REPORTED; count++) {
    const bytes = mutate(random, corpus);
    const verdict = agreement.examine(bytes);
    if (verdict === 'refused') continue;
    accepted++;
    if ('difference' in verdict) differences.push(describe(agreement, bytes));
    else if (verdict.relayed !== undefined) relayed++;
  }
  return { seed, frames, accepted, relayed, differences };
}

function describe(agreement: Agreement, bytes: Uint8Array): string {
  const differs = (shorter: Uint8Array) => {
    const verdict = agreement.examine(shorter);
    return verdict !== 'refused' && 'difference' in verdict;
  };
  const smallest = minimise(bytes, differs);
  const verdict = agreement.examine(smallest);
  const difference = verdict !== 'refused' && 'difference' in verdict ? verdict.difference : '';
  return `${Buffer.from(smallest).toString('hex')}\n${difference}`;
}
