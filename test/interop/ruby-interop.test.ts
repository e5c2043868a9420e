import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needs } from '../helpers/needs.ts';
import { startTestService } from './test-service.ts';

const run = promisify(execFile);

/** The official gRPC interop client in Debian's ruby-grpc; undefined: not installed. */
async function findClient(): Promise<string | undefined> {
  const script =
    'puts File.join(Gem::Specification.find_by_name("grpc").gem_dir, "src/ruby/pb/test/client.rb")';
  return run('ruby', ['-e', script]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

const client = await findClient();

// All that the client knows, but for those that sign in at Google: service_account_creds, jwt_token_creds,
// compute_engine_creds, oauth2_auth_token, per_rpc_creds.
const cases = [
  'empty_unary',
  'large_unary',
  'client_compressed_unary',
  'client_streaming',
  'client_compressed_streaming',
  'server_streaming',
  'ping_pong',
  'timeout_on_sleeping_server',
  'empty_stream',
  'cancel_after_begin',
  'cancel_after_first_response',
  'unimplemented_method',
  'unimplemented_service',
  'status_code_and_message',
  'custom_metadata',
];

if (needs('ruby-grpc', client !== undefined)) describe('the gRPC interop client of ruby-grpc', interopSuite);

function interopSuite() {
  let service: Awaited<ReturnType<typeof startTestService>>;

  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.close());

  it.concurrent.each(cases)('passes %s', { timeout: 30_000 }, async (name) => {
    const options = ['--server_host=127.0.0.1', `--server_port=${service.port}`, `--test_case=${name}`];
    const { stdout } = await run('ruby', [client ?? '', ...options], { timeout: 25_000 });
    expect(stdout).toContain(`OK: ${name}`);
  });

  it('has no other cases but those that sign in', async () => {
    const { stdout } = await run('ruby', [client ?? '', '--help']);
    const listed = /\(([a-z0-9_,]+)\)/.exec(stdout)?.[1]?.split(',') ?? [];
    const signingIn = listed.filter((name) => /creds$|^oauth2/.test(name));
    expect(listed.filter((name) => name !== 'all' && !signingIn.includes(name)).sort()).toEqual(
      [...cases].sort(),
    );
  });
}
