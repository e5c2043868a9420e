import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedRequest } from './recording.ts';
import { replay } from './replay.ts';

// npm run test:conformance: connectrpc's conformance suite against the envelope lane (streams) and Connect's handlers
// (unary calls), then each streaming request of it against the lane and against Connect's handlers, compared.

const version = 'v1.0.7';
const root = join(import.meta.dirname, '../../..');
const cache = join(root, '.cache');
const runner = join(cache, 'bin', `connectconformance-${version}`);
const recording = join(cache, 'conformance-requests.jsonl');

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Fetches the runner through the Go module proxy, into the project. False: there is no Go. */
function fetchRunner(): boolean {
  if (existsSync(runner)) return true;
  if (spawnSync('go', ['version']).status !== 0) return false;
  say(`fetching connectrpc.com/conformance ${version} …`);
  const bin = join(cache, 'bin');
  mkdirSync(bin, { recursive: true });
  const installed = spawnSync(
    'go',
    ['install', `connectrpc.com/conformance/cmd/connectconformance@${version}`],
    {
      env: { ...process.env, GOBIN: bin },
      stdio: 'inherit',
    },
  );
  if (installed.status !== 0) throw new Error('go install failed');
  return spawnSync('mv', [join(bin, 'connectconformance'), runner]).status === 0;
}

function runSuite(): boolean {
  rmSync(recording, { force: true });
  const config = join(import.meta.dirname, 'config.yaml');
  const failing = join(import.meta.dirname, 'known-failing.txt');
  const server = [process.execPath, join(import.meta.dirname, 'server.ts')];
  const options = [
    '--mode',
    'server',
    '--conf',
    config,
    '--known-failing',
    `@${failing}`,
    '--max-servers',
    '2',
  ];
  const run = spawnSync(runner, [...options, '--', ...server], {
    env: { ...process.env, CONFORMANCE_RECORDING: recording },
    stdio: 'inherit',
  });
  return run.status === 0;
}

async function compare(): Promise<boolean> {
  const requests = readFileSync(recording, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedRequest);
  const { compared, differences } = await replay(requests, 16);
  say(
    `${compared} streaming requests against the lane and Connect's handlers: ${differences.length} differences`,
  );
  for (const difference of differences.slice(0, 20)) say(JSON.stringify(difference, undefined, 2));
  return compared > 0 && differences.length === 0;
}

if (!fetchRunner()) {
  say(
    'Go is not installed: the conformance suite did not run. Install Go 1.24 or newer (Debian: apt install golang).',
  );
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
const passed = runSuite();
const same = await compare();
process.exit(passed && same ? 0 : 1);
