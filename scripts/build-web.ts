import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions, Plugin } from 'esbuild';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const WEB = join(ROOT, 'web');
const DIST = join(WEB, 'dist');
const SDK_ENTRY = join(ROOT, 'src/client/index.ts');
/** Where the gateway serves the SDK. */
const SDK_PATH = '/sdk/signalbox.js';
/** Served as they are. */
const ASSETS = ['index.html', 'icon.svg'];

const COMMON: BuildOptions = {
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  sourcemap: 'linked',
  logLevel: 'warning',
};

/** The page loads the SDK as any other page would, instead of carrying a copy. */
const sdkFromGateway: Plugin = {
  name: 'sdk-from-gateway',
  setup({ onResolve }) {
    onResolve({ filter: /\/src\/client\/index\.ts$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: SDK_PATH, external: true },
    );
  },
};

/**
 * Bundles the SDK for browsers into `folder`: `signalbox.js`, and a chunk for Connect-Web that loads when it is needed.
 */
export async function buildSdk(folder: string): Promise<void> {
  await build({
    ...COMMON,
    entryPoints: { signalbox: SDK_ENTRY },
    outdir: folder,
    splitting: true,
    chunkNames: 'signalbox-[name]-[hash]',
  });
}

/**
 * Builds `web/dist`, or another folder: the SDK under `sdk/`, the script and the style of the page, and what it shows as it is.
 * The folder changes at once: a gateway may serve it, and another process build it, at the same time.
 */
export async function buildWeb(folder: string = DIST): Promise<void> {
  const fresh = `${folder}-${randomUUID()}`;
  const before = `${fresh}-before`;
  try {
    await mkdir(fresh, { recursive: true });
    await Promise.all([
      buildSdk(join(fresh, 'sdk')),
      buildPage(fresh),
      ...ASSETS.map((name) => cp(join(WEB, name), join(fresh, name))),
    ]);
    await rename(folder, before).catch(() => {});
    // Where another process was faster, its build is as good as this one.
    await rename(fresh, folder).catch(() => {});
  } finally {
    for (const done of [before, fresh]) await rm(done, { recursive: true, force: true });
  }
}

/** Whose work is in the bundle is named beside it, as their licenses ask for. */
async function buildPage(folder: string): Promise<void> {
  const { metafile } = await build({
    ...COMMON,
    entryPoints: { main: join(WEB, 'main.tsx'), style: join(WEB, 'style/main.css') },
    outdir: folder,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    plugins: [sdkFromGateway],
    metafile: true,
  });
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  const notices = [...new Set(packages)].sort().map(async (name) => {
    const license = await readFile(join(ROOT, 'node_modules', name, 'LICENSE'), 'utf8');
    return `${name}\n\n${license.trim()}\n`;
  });
  await writeFile(join(folder, 'licenses.txt'), (await Promise.all(notices)).join('\n\n'));
}

if (import.meta.main) await buildWeb();
