import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { readTogether } from '../../src/lanes/read-together.ts';
import { waitUntil } from './websocket/wait-until.ts';

const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Both ends of a connection; the server's reads into the common buffer. */
async function pair(): Promise<{ readonly server: Socket; readonly client: Socket }> {
  const listener = createServer({ allowHalfOpen: true });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1');
  const [server] = (await once(listener, 'connection')) as [Socket];
  listener.close();
  ends.push(
    () => client.destroy(),
    () => server.destroy(),
  );
  readTogether(server);
  return { server, client };
}

function texts(socket: Socket): { readonly chunks: Uint8Array[]; readonly heard: string[] } {
  const chunks: Uint8Array[] = [];
  const heard: string[] = [];
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    heard.push(chunk.toString());
  });
  return { chunks, heard };
}

test('all sockets read into one buffer: this Node keeps it where it is looked for', async () => {
  const [one, other] = [await pair(), await pair()];
  const [first, second] = [texts(one.server), texts(other.server)];
  one.client.write('from the one');
  await waitUntil(() => first.heard.length === 1, 'data');
  other.client.write('from the other');
  await waitUntil(() => second.heard.length === 1, 'data');
  expect([...first.heard, ...second.heard]).toEqual(['from the one', 'from the other']);
  expect(first.chunks[0]?.buffer).toBe(second.chunks[0]?.buffer);
});

test('a paused socket is not read, and nothing of what came meanwhile is lost', async () => {
  const { server, client } = await pair();
  const { heard } = texts(server);
  client.write('before');
  await waitUntil(() => heard.length === 1, 'data');
  server.pause();
  client.write('meanwhile');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(heard).toEqual(['before']);
  server.resume();
  await waitUntil(() => heard.length === 2, 'data');
  expect(heard).toEqual(['before', 'meanwhile']);
});

test('the end is told behind the last bytes, and the other half goes on', async () => {
  const { server, client } = await pair();
  const { heard } = texts(server);
  const answered = texts(client);
  client.end('the last');
  await once(server, 'end');
  expect(heard).toEqual(['the last']);
  server.end('an answer');
  await once(client, 'end');
  expect(answered.heard).toEqual(['an answer']);
});

test('a reset ends the socket with its error', async () => {
  const { server, client } = await pair();
  const failed = once(server, 'error');
  texts(server);
  client.resetAndDestroy();
  const [error] = (await failed) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
});

test('what was read before stays first', async () => {
  const { server, client } = await pair();
  server.unshift(Buffer.from('first'));
  const { heard } = texts(server);
  client.write('second');
  await waitUntil(() => heard.join('') === 'firstsecond', 'data');
});
