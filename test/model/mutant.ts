import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Core, loadCore, repository } from './core.ts';

/** A text of the source that is replaced. */
export interface Edit {
  /** Path below `src`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** The core with one rule taken out. */
export interface Mutant {
  /** The rule, in a few words that can name a folder. */
  readonly rule: string;
  /** What finds it: commands in any order, or an engine that answers in any order. */
  readonly by: 'sequences' | 'interleavings';
  readonly edits: readonly Edit[];
}

/** What the core and the engine are made of. */
const parts = ['core', 'engine', 'state-records.ts'];

/** Copies the source, takes the rule out, and hands over the core that is left. */
export async function withMutant<Result>(
  { rule, edits }: Mutant,
  use: (core: Core) => Promise<Result>,
): Promise<Result> {
  const root = join(repository, '.cache/mutants', `${rule.replaceAll(' ', '-')}-${process.pid}`);
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  try {
    for (const part of parts) {
      await cp(join(repository, 'src', part), join(root, 'src', part), { recursive: true });
    }
    await symlink(join(repository, 'gen'), join(root, 'gen'));
    for (const edit of edits) await apply(root, rule, edit);
    return await use(await loadCore(root));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function apply(root: string, rule: string, { file, from, to }: Edit): Promise<void> {
  const path = join(root, 'src', file);
  const source = await readFile(path, 'utf8');
  const times = source.split(from).length - 1;
  if (times !== 1) {
    throw new Error(
      `the mutant does not fit the source any more (${rule}): ${file} holds ${times} times ${from}`,
    );
  }
  // A function, as `$` would mean something in a text.
  await writeFile(
    path,
    source.replace(from, () => to),
  );
}
