import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ForeignClient, ForeignSessionEvents, JsonObject } from './foreign-client.ts';

const root = join(import.meta.dirname, '../../..');
/** The system's own: another Python in the path does not see Debian's packages. */
const python = '/usr/bin/python3';

export function hasPythonGrpc(): boolean {
  return spawnSync(python, ['-c', 'import grpc, google.protobuf'], { stdio: 'ignore' }).status === 0;
}

interface Line {
  readonly session: string;
  readonly heard?: JsonObject;
  readonly response?: string;
  readonly ended?: string;
  readonly said?: number;
  readonly bytes?: string;
}

/** python3-grpcio in a process of its own. It knows the schema by its descriptors only. */
export async function pythonClient(url: string): Promise<ForeignClient> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-python-'));
  const descriptors = join(folder, 'schema.binpb');
  const built = spawnSync(
    join(root, 'node_modules/.bin/buf'),
    ['build', '--as-file-descriptor-set', '--exclude-source-info', '-o', descriptors],
    { cwd: root, encoding: 'utf8' },
  );
  if (built.status !== 0) throw new Error(`buf build failed: ${built.stderr}`);
  const script = join(import.meta.dirname, 'python_client.py');
  const child = spawn(python, [script, new URL(url).host, descriptors], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const events = new Map<string, ForeignSessionEvents>();
  const saying = new Map<number, (bytes: Uint8Array) => void>();
  let sessions = 0;
  let commands = 0;
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    const session = events.get(line.session);
    if (line.heard !== undefined) {
      session?.heard({
        frame: line.heard,
        response: Buffer.from(line.response ?? '', 'base64'),
        isWire: true,
      });
    }
    if (line.ended !== undefined) session?.ended(line.ended);
    if (line.said !== undefined) saying.get(line.said)?.(Buffer.from(line.bytes ?? '', 'base64'));
  });
  const command = (fields: object) => child.stdin.write(`${JSON.stringify(fields)}\n`);
  return {
    inHalves: false,
    async open({ token, first }, listener) {
      sessions += 1;
      const session = String(sessions);
      events.set(session, listener);
      command({ do: 'open', session, token, first });
      return {
        say: (frame) =>
          new Promise((resolve) => {
            commands += 1;
            saying.set(commands, resolve);
            command({ do: 'say', session, id: commands, frame });
          }),
        hangUp: () => command({ do: 'hang-up', session }),
      };
    },
    async close() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      child.kill();
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}
