/**
 * Makes the packages that are published: `dist/signalbox` (the gateway, with the SDK in it) and `dist/signalbox-client` (the SDK
 * alone: its users do not install a server, nor a Node runtime). Node runs no TypeScript from node_modules, so both are compiled.
 *
 *   npm run pack && npm publish dist/signalbox && npm publish dist/signalbox-client
 */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWeb } from './build-web.ts';

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Record<string, string>;
  readonly imports: Record<string, Record<string, string>>;
  readonly dependencies: Record<string, string>;
  readonly optionalDependencies: Record<string, string>;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const built = join(dist, 'build');
const papers = ['README.md', 'LICENSE', 'CHANGELOG.md'];

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
const { version, license, engines } = manifest;

await rm(dist, { recursive: true, force: true });
const compiled = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
await buildWeb();

const imports = compiledPaths(manifest.imports);
await makePackage('signalbox', ['src', 'gen'], {
  name: 'signalbox',
  version,
  description: manifest.description,
  license,
  type: 'module',
  engines,
  bin: { signalbox: 'bin/signalbox.js' },
  exports: { './client': entry('src/client/index'), './server': entry('src/server') },
  imports,
  dependencies: manifest.dependencies,
  optionalDependencies: manifest.optionalDependencies,
});
await cp(join(root, 'bin'), join(dist, 'signalbox', 'bin'), { recursive: true });
await cp(join(root, 'proto', 'signalbox', 'v1'), join(dist, 'signalbox', 'proto', 'signalbox', 'v1'), {
  recursive: true,
});
await cp(join(root, 'web', 'dist'), join(dist, 'signalbox', 'web', 'dist'), { recursive: true });
await makePackage('signalbox-client', ['src/client', 'gen'], {
  name: 'signalbox-client',
  version,
  description: 'The Signalbox SDK for browsers and Node: sessions, rooms and PeerMesh.',
  license,
  type: 'module',
  exports: { '.': entry('src/client/index') },
  imports,
  dependencies: pick(manifest.dependencies, ['@bufbuild/protobuf']),
  peerDependencies: pick(manifest.dependencies, ['@grpc/grpc-js']),
  peerDependenciesMeta: { '@grpc/grpc-js': { optional: true } },
});
await rm(built, { recursive: true });

async function makePackage(folder: string, sources: readonly string[], content: object): Promise<void> {
  const target = join(dist, folder);
  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'package.json'), `${JSON.stringify(content, null, 2)}\n`);
  for (const source of sources) await cp(join(built, source), join(target, source), { recursive: true });
  for (const paper of papers) await cp(join(root, paper), join(target, paper));
}

function entry(path: string) {
  return { types: `./${path}.d.ts`, default: `./${path}.js` };
}

/** The same conditions, for the compiled files. */
function compiledPaths(paths: Manifest['imports']): Manifest['imports'] {
  const compile = (targets: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(targets).map(([condition, path]) => [condition, path.replace(/\.ts$/, '.js')]),
    );
  return Object.fromEntries(Object.entries(paths).map(([name, targets]) => [name, compile(targets)]));
}

function pick(from: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, from[name] ?? '*']));
}
