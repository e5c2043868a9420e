import { cp, mkdir, readdir, rm } from 'node:fs/promises';
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

/** Builds `web/dist`: the SDK under `sdk/`, each script of the page, and its other files as they are. */
export async function buildWeb(): Promise<void> {
  await rm(DIST, { recursive: true, force: true });
  await mkdir(DIST, { recursive: true });
  const files = (await readdir(WEB, { withFileTypes: true })).filter((entry) => entry.name !== 'dist');
  const scripts = files.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  const assets = files.filter((entry) => !entry.name.endsWith('.ts'));
  await Promise.all([
    buildSdk(join(DIST, 'sdk')),
    build({
      ...COMMON,
      entryPoints: scripts.filter(({ name }) => name === 'main.ts').map(({ name }) => join(WEB, name)),
      outdir: DIST,
      plugins: [sdkFromGateway],
    }),
    ...assets.map(({ name }) => cp(join(WEB, name), join(DIST, name), { recursive: true, filter: isAsset })),
  ]);
}

/** Folders of the page hold scripts and what they show; the scripts are in the bundle. */
function isAsset(path: string): boolean {
  return !path.endsWith('.ts');
}

if (import.meta.main) await buildWeb();
