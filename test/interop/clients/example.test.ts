import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startE2eGateway } from '../../helpers/e2e-gateway.ts';
import { openLane } from '../../helpers/lane-clients.ts';

const root = join(import.meta.dirname, '../../..');
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** `examples/grpc-client.ts` in a terminal. */
function startExample(url: string, room: string, identity: string) {
  const child = spawn(process.execPath, ['examples/grpc-client.ts', url, room, identity], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  return {
    child,
    type: (line: string) => child.stdin.write(`${line}\n`),
    prints: (text: string | RegExp) => expect.poll(() => printed, { timeout: 8_000 }).toMatch(text),
  };
}

test('the example without the SDK prints the roster, chats both ways and leaves', async () => {
  const gateway = await startE2eGateway({ development: true });
  const ada = await openLane('ws-json', {
    url: gateway.url,
    token: await gateway.token({ identity: 'ada' }),
  });
  await ada.until('welcome');
  await ada.join('demo');

  const example = startExample(gateway.url, 'demo', 'bo');
  await example.prints(/in demo as \S+, with ada; type to chat/);
  const { joined } = await ada.until('rosterDelta', (delta) => delta.joined.length > 0);
  expect(joined).toMatchObject([{ identity: 'bo' }]);
  example.type('hello from the terminal');
  const said = await ada.untilFrame(({ body }) => body.case === 'message', 'the chat line');
  expect(said).toMatchObject({
    origin: { identity: 'bo' },
    body: { value: { content: { value: 'hello from the terminal' } } },
  });
  await example.prints('bo: hello from the terminal');
  ada.send({
    case: 'message',
    value: { room: 'demo', messageType: 'chat', content: { case: 'text', value: 'hi bo' } },
  });
  await example.prints('ada: hi bo');
  ada.send({
    case: 'signal',
    value: { to: joined[0]?.id ?? '', payload: { case: 'candidates', value: {} } },
  });
  await example.prints(/signal \(candidates\) from /);

  const second = startExample(gateway.url, 'demo', 'cy');
  await second.prints(/with ada, bo;|with bo, ada;/);
  await example.prints('+ cy');
  second.child.kill('SIGINT');
  expect(await once(second.child, 'exit')).toEqual([0, null]);
  await example.prints(/^- \S+/m);

  example.type('x'.repeat(17_000));
  await example.prints('error: REASON_TOO_LARGE');
  example.child.kill('SIGINT');
  await ada.until('rosterDelta', ({ left }) => left.some(({ id }) => id === joined[0]?.id));
  ada.transport.drop();
  await gateway.close();
});
