import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildWeb } from './build-web.ts';

/**
 * What a page loads before its first WebSocket opens, what it loads in all with Connect-Web, and what the call page loads with
 * both; gzip, in KB of 1,000.
 */
const LIMITS = { websocket: 45, connectWeb: 65, callPage: 150 };

const folder = await mkdtemp(join(tmpdir(), 'signalbox-size-'));
try {
  await buildWeb(folder);
  const sources = await read(join(folder, 'sdk'), /\.js$/);
  const page = await read(folder, /\.(?:html|js|css|svg)$/);
  // esbuild writes a chunk that is loaded at once as `import … from "./name"`, a later one as `import("./name")`.
  const first = reach('signalbox.js', sources, /(?:from|import)\s*"\.\/([^"]+)"/g);
  const all = reach('signalbox.js', sources, /(?:from|import)\s*\(?\s*"\.\/([^"]+)"/g);
  const websocket = kilobytes(first, sources);
  const connectWeb = kilobytes(all, sources);
  report('SDK with WebSocket', websocket, LIMITS.websocket);
  report('SDK with Connect-Web', connectWeb, LIMITS.connectWeb);
  report('call page', kilobytes(page.keys(), page) + connectWeb, LIMITS.callPage);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function read(from: string, wanted: RegExp): Promise<ReadonlyMap<string, string>> {
  const files = (await readdir(from)).filter((name) => wanted.test(name));
  return new Map(
    await Promise.all(files.map(async (name) => [name, await readFile(join(from, name), 'utf8')] as const)),
  );
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
function kilobytes(names: Iterable<string>, sources: ReadonlyMap<string, string>): number {
  let bytes = 0;
  for (const name of names) bytes += gzipSync(sources.get(name) ?? '', { level: 9 }).length;
  return bytes / 1000;
}

function report(what: string, size: number, limit: number): void {
  const verdict = size <= limit ? 'ok' : 'TOO LARGE';
  console.log(`${what}: ${size.toFixed(1)} KB gzip (limit ${limit} KB): ${verdict}`);
  if (size > limit) process.exitCode = 1;
}
