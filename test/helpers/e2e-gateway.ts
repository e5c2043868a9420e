import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Claims } from '../../src/auth/token-claims.ts';
import { type RawConfig, resolveConfig } from '../../src/config.ts';
import { type Served, serve } from '../../src/serve.ts';
import { createToken } from '../../src/server.ts';
import { secretOf, until } from './auth-kit.ts';

/** The key that signs the tokens of `E2eGateway.token`. */
export const signingKey = { kid: 'main', alg: 'HS256', secret: secretOf('e2e') } as const;

/** A whole gateway, as `signalbox serve` puts it together, on a port of the loopback interface. */
export interface E2eGateway {
  readonly url: string;
  readonly port: number;
  readonly served: Served;
  /** Lines of level `error`: a test that ends with any has found a bug. */
  readonly errors: readonly Record<string, unknown>[];
  token(claims: Claims): Promise<string>;
  /** Ends it. Throws where it leaves a session or a socket, or has logged an error. */
  close(): Promise<void>;
}

/** `config` over: a key file with `signingKey`, port 0. */
export async function startE2eGateway(config: RawConfig = {}, webRoot?: string): Promise<E2eGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-e2e-'));
  const keyFile = join(folder, 'keys.json');
  await writeFile(keyFile, JSON.stringify({ keys: [signingKey] }));
  const errors: Record<string, unknown>[] = [];
  const log = pino({ level: 'error' }, { write: (line) => void errors.push(JSON.parse(line)) });
  const served = await serve({
    config: resolveConfig({ keyFile, port: 0 }, config),
    log,
    version: '0.0.0-e2e',
    webRoot: webRoot ?? join(folder, 'no-pages'),
  });
  const { gateway, node } = served;
  return {
    url: gateway.url,
    port: gateway.port,
    served,
    errors,
    token: (claims) => createToken(signingKey, claims),
    async close() {
      await served.close();
      await rm(folder, { recursive: true });
      await until(() => node.figures.sessions + node.figures.connections + gateway.openSockets === 0);
      if (errors.length > 0) throw new Error(`the gateway logged: ${JSON.stringify(errors[0])}`);
    },
  };
}
