import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysCommand } from '../../src/auth/token-command.ts';
import { selfSignedTls } from '../../src/gateway/self-signed.ts';
import type { Workspace } from '../subjects/subject.ts';

/** Makes the files of one run in a folder of their own, for as long as `use` takes. */
export async function withWorkspace<Outcome>(
  root: string,
  use: (workspace: Workspace) => Promise<Outcome>,
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-'));
  try {
    const file = async (name: string, content: string): Promise<string> => {
      const path = join(folder, name);
      await writeFile(path, content, { mode: 0o600 });
      return path;
    };
    const keyFile = await file('keys.json', keysCommand(['new'], randomBytes));
    const { cert, key } = await selfSignedTls([], new Date());
    const tls = { certFile: await file('cert.pem', cert), keyFile: await file('key.pem', key) };
    return await use({ root, keyFile, tlsConfigFile: await file('tls.json', JSON.stringify({ tls })) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
