import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { importKey } from '../../src/auth/import-key.ts';
import { parseKeyFile } from '../../src/auth/key-file.ts';
import type { KeyStore } from '../../src/auth/key-store.ts';
import { Keyring } from '../../src/auth/keyring.ts';
import type { AuthLog } from '../../src/auth/log.ts';
import { RevocationList } from '../../src/auth/revocation-list.ts';
import { JwtVerifier } from '../../src/auth/token-verifier.ts';

/** A secret of 32 bytes, different for each `seed`. */
export function secretOf(seed: string): string {
  return Buffer.from(seed.repeat(32).slice(0, 32)).toString('base64url');
}

/** A log that can be read. */
export class RecordingLog implements AuthLog {
  readonly lines: { level: string; fields: object; message: string }[] = [];
  info = (fields: object, message: string) => void this.lines.push({ level: 'info', fields, message });
  warn = (fields: object, message: string) => void this.lines.push({ level: 'warn', fields, message });
  error = (fields: object, message: string) => void this.lines.push({ level: 'error', fields, message });
}

/** A store whose keys the test replaces. */
export class TestKeyStore implements KeyStore {
  current = new Keyring([]);
  readonly #listeners: (() => void)[] = [];
  onChange(run: () => void): void {
    this.#listeners.push(run);
  }
  async replace(keys: readonly object[]): Promise<void> {
    const entries = parseKeyFile(JSON.stringify({ keys }), 'keys.json');
    const remote = { now: Date.now, retryAfterMs: 50 };
    this.current = new Keyring(await Promise.all(entries.map((entry) => importKey(entry, remote))));
    for (const run of this.#listeners) run();
  }
  close(): void {}
}

/** 2026-11-22T10:00:00Z. */
export const noon = 1_795_341_600_000;

/** A verifier with a clock that the test turns. */
export async function verifierKit(
  keys: readonly object[],
  options: { leewayMs?: number; cacheEntries?: number } = {},
) {
  const clock = { time: noon };
  const now = () => clock.time;
  const store = new TestKeyStore();
  await store.replace(keys);
  const log = new RecordingLog();
  const revocations = new RevocationList({ now });
  const verifier = new JwtVerifier({ keys: store, revocations, log, now, ...options });
  return { clock, now, store, log, revocations, verifier };
}

/** An issuer's JWKS endpoint on loopback, whose answers the test chooses. */
export async function startIssuer() {
  const state = {
    requests: 0,
    body: '{"keys":[]}' as string | undefined,
    status: 200,
  };
  const server = createServer((_request, response) => {
    state.requests += 1;
    if (state.body === undefined) return;
    response.writeHead(state.status, { 'content-type': 'application/json' }).end(state.body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  return {
    state,
    url,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Waits until `holds`, at most four seconds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (holds()) return;
    await delay(10);
  }
  throw new Error('waited four seconds in vain');
}
