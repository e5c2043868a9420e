/**
 * Brings what the tests need beside npm packages: by the system's package manager when it may, else it says which
 * command to run. With CI=true something missing is a failure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface Need {
  readonly what: string;
  /** Debian's package. */
  readonly debian: string;
  readonly isThere: () => boolean;
}

const runs = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;

const needs: readonly Need[] = [
  {
    what: 'Chromium, for the browser tests',
    debian: 'chromium',
    isThere: () => existsSync('/usr/bin/chromium') || existsSync(process.env['CHROMIUM'] ?? ''),
  },
  {
    what: "Python's gRPC, for the interoperability tests",
    debian: 'python3-grpcio',
    isThere: () => runs('/usr/bin/python3', '-c', 'import grpc, google.protobuf'),
  },
  {
    what: "Ruby's gRPC with the official interop client",
    debian: 'ruby-grpc',
    isThere: () => runs('ruby', '-e', 'require "grpc"'),
  },
  {
    what: 'coturn, for the TURN credential tests',
    debian: 'coturn',
    isThere: () => existsSync('/usr/bin/turnserver'),
  },
];

const missing = needs.filter(({ isThere }) => !isThere());
if (missing.length > 0) {
  const packages = missing.map(({ debian }) => debian);
  const mayInstall = process.getuid?.() === 0 && runs('apt-get', '--version');
  if (mayInstall) {
    console.log(`installing ${packages.join(', ')} …`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    });
  }
  const still = missing.filter(({ isThere }) => !isThere());
  for (const { what } of still) console.error(`missing: ${what}`);
  if (still.length > 0) {
    console.error(`install it with: sudo apt-get install ${still.map(({ debian }) => debian).join(' ')}`);
    if (process.env['CI'] === 'true') process.exit(1);
    console.error('the tests that need it will be skipped');
  }
}
