import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { selfSignedTls } from '../../src/gateway/self-signed.ts';
import { startTestGateway } from './gateway-kit.ts';

/** A process of its own: which certificates gRPC trusts is settled when it is loaded. */
const script = `
import { connect } from '${new URL('../../src/client/index.ts', import.meta.url)}';
const [url, token] = process.argv.slice(1);
const session = await connect(url, { token, transport: 'grpc', connectTimeoutMs: 3_000 }).catch((error) => console.log(error.message));
if (session !== undefined) console.log(session.state.status);
await session?.close();
`;

/** A gateway with a certificate for localhost, 127.0.0.1 and ::1, and what a client says that trusts it and connects by the address. */
async function connectByAddress(host: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-grpc-tls-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const { cert, key } = await selfSignedTls([], new Date());
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
  const gateway = await startTestGateway({ host, tls: { certFile, keyFile } });
  const url = `https://${host}:${gateway.served.gateway.port}`;
  const token = await gateway.token({ identity: 'ada' });
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script, url, token],
    { timeout: 20_000, env: { ...process.env, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: certFile } },
  );
  return stdout.trim();
}

it('gRPC over TLS reaches a gateway by an address that its certificate names', async () => {
  expect(await connectByAddress('127.0.0.1')).toBe('connected');
});

it('gRPC over TLS refuses a trusted certificate that does not name the address', async () => {
  const said = await connectByAddress('127.0.0.2');
  expect(said).not.toBe('connected');
  expect(said).toMatch(/127\.0\.0\.2/);
});
