import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// `npm run check:gen`: the schema passes the linter, and gen/ is what it generates.

const root = fileURLToPath(new URL('..', import.meta.url));
const buf = join(root, 'node_modules/.bin/buf');

function listFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** What differs between the two folders; [] when nothing does. */
function drift(committed: string, generated: string): string[] {
  const old = new Set(listFiles(committed));
  const fresh = new Set(listFiles(generated));
  const gone = [...old].filter((name) => !fresh.has(name)).map((name) => `gen/${name}: no longer generated`);
  const changed = [...fresh].flatMap((name) => {
    if (!old.has(name)) return [`gen/${name}: not generated yet`];
    const same = readFileSync(join(committed, name)).equals(readFileSync(join(generated, name)));
    return same ? [] : [`gen/${name}: out of date`];
  });
  return [...gone, ...changed];
}

const run = (...args: string[]) => execFileSync(buf, args, { cwd: root, stdio: 'inherit' });

const temporary = mkdtempSync(join(tmpdir(), 'signalbox-gen-'));
try {
  run('lint');
  run('generate', '--output', temporary);
  const differences = drift(join(root, 'gen'), join(temporary, 'gen'));
  for (const difference of differences) console.error(difference);
  if (differences.length > 0) {
    console.error('Run `npx buf generate` and commit gen/.');
    process.exitCode = 1;
  } else console.log('schema: linted; gen/ is up to date');
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
