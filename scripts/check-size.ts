import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSdk } from './build-web.ts';

/** What a page loads before its first WebSocket opens, and what it loads in all with Connect-Web; gzip, in KB of 1,000. */
const LIMITS = { websocket: 45, connectWeb: 65 };

const folder = await mkdtemp(join(tmpdir(), 'signalbox-size-'));
try {
  await buildSdk(folder);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const sources = new Map(
    await Promise.all(files.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
  // esbuild writes a chunk that is loaded at once as `import … from "./name"`, a later one as `import("./name")`.
  const first = reach('signalbox.js', sources, /(?:from|import)\s*"\.\/([^"]+)"/g);
  const all = reach('signalbox.js', sources, /(?:from|import)\s*\(?\s*"\.\/([^"]+)"/g);
  const websocket = kilobytes(first, sources);
  const connectWeb = kilobytes(all, sources);
  report('with WebSocket', websocket, LIMITS.websocket);
  report('with Connect-Web', connectWeb, LIMITS.connectWeb);
} finally {
  await rm(folder, { recursive: true, force: true });
}

function reach(entry: string, sources: ReadonlyMap<string, string>, imports: RegExp): ReadonlySet<string> {
  const found = new Set([entry]);
  for (const name of found) {
    for (const [, imported] of (sources.get(name) ?? '').matchAll(imports)) {
      if (imported !== undefined && sources.has(imported)) found.add(imported);
    }
  }
  return found;
}

/** Each file is a response of its own. */
function kilobytes(names: ReadonlySet<string>, sources: ReadonlyMap<string, string>): number {
  let bytes = 0;
  for (const name of names) bytes += gzipSync(sources.get(name) ?? '', { level: 9 }).length;
  return bytes / 1000;
}

function report(what: string, size: number, limit: number): void {
  const verdict = size <= limit ? 'ok' : 'TOO LARGE';
  console.log(`SDK ${what}: ${size.toFixed(1)} KB gzip (limit ${limit} KB): ${verdict}`);
  if (size > limit) process.exitCode = 1;
}
