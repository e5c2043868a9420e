import type { Input } from './target.ts';

/** Most executions that shrinking may cost, and most time, in milliseconds. */
const TRIES = 400;
const TIME_MS = 5_000;

/** The smallest input found by leaving out parts, then pieces of parts, that still `fails`. */
export async function shrink(input: Input, fails: (smaller: Input) => Promise<boolean>): Promise<Input> {
  const until = performance.now() + TIME_MS;
  let tries = 0;
  const attempt: Attempt<Input> = async (smaller) => {
    tries += 1;
    return tries > TRIES || performance.now() > until ? 'spent' : fails(smaller);
  };
  let smallest: Input = await bisect<Input>(input, joinParts, attempt);
  for (let part = 0; part < smallest.length; part += 1) {
    const within = (bytes: Uint8Array): Promise<boolean | 'spent'> => attempt(smallest.with(part, bytes));
    smallest = smallest.with(part, await bisect(smallest[part] ?? new Uint8Array(0), joinBytes, within));
  }
  return smallest;
}

/** Whether less still fails; `spent`: nothing more is to be tried. */
type Attempt<T> = (less: T) => Promise<boolean | 'spent'>;

/** Leaves out halves, quarters and so on down to single items. */
async function bisect<T extends { readonly length: number; slice(from: number, to?: number): T }>(
  whole: T,
  join: (before: T, behind: T) => T,
  attempt: Attempt<T>,
): Promise<T> {
  let left = whole;
  for (let piece = whole.length; piece > 0; piece >>= 1) {
    for (let at = 0; at + piece <= left.length; ) {
      const less = join(left.slice(0, at), left.slice(at + piece));
      const outcome = await attempt(less);
      if (outcome === 'spent') return left;
      if (outcome) left = less;
      else at += piece;
    }
  }
  return left;
}

function joinParts(before: Input, behind: Input): Input {
  return [...before, ...behind];
}

function joinBytes(before: Uint8Array, behind: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([before, behind]));
}
