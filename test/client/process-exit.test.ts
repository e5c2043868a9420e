import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startTestGateway } from './gateway-kit.ts';

const script = `
import { connect } from '${new URL('../../src/client/index.ts', import.meta.url)}';
const [url, token, transport] = process.argv.slice(1);
const session = await connect(url, { token, transport });
const room = await session.join('demo');
await room.send('chat', 'hi');
room.addCount('like', 'x');
await session.close();
console.log(session.state.status);
`;

describe('a Node process', () => {
  it.each(['grpc', 'websocket', 'connect-web'])('ends by itself after close() over %s', async (transport) => {
    const gateway = await startTestGateway();
    const args = [
      '--input-type=module',
      '--eval',
      script,
      gateway.url,
      await gateway.token({ identity: 'ada' }),
      transport,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 10_000 });
    expect(stdout.trim()).toBe('closed');
  });
});
