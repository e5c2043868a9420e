import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../helpers/auth-kit.ts';
import { FaultProxy } from './fault-proxy.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that sends back what it gets, behind a proxy, and one client of it. */
async function echoBehindProxy(seed = 7) {
  const peers: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    peers.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await FaultProxy.start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, seed);
  closing.push(async () => {
    await proxy.close();
    for (const peer of peers) peer.destroy();
    server.close();
  });
  const dial = async () => {
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    const chunks: Buffer[] = [];
    let error = '';
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      error = cause.code ?? '';
    });
    await once(socket, 'connect').catch(() => {});
    closing.push(() => socket.destroy());
    return { socket, chunks, text: () => Buffer.concat(chunks).toString(), error: () => error };
  };
  return { proxy, peers, dial };
}

describe('the fault proxy', () => {
  it('hands bytes on unchanged and in order, late and in slices', async () => {
    const { proxy, dial } = await echoBehindProxy();
    proxy.set({ latencyMs: 20, jitterMs: 20, sliceBytes: 3 });
    const client = await dial();
    const text = Array.from({ length: 500 }, (_, index) => `${index},`).join('');
    const began = performance.now();
    for (let at = 0; at < text.length; at += 100) client.socket.write(text.slice(at, at + 100));
    await until(() => client.text().length === text.length);
    expect(client.text()).toBe(text);
    expect(performance.now() - began).toBeGreaterThan(35);
    expect(client.chunks.length).toBeGreaterThan(5);
  });

  it('slices alike from the same seed', async () => {
    const slices = async (seed: number) => {
      const { proxy, dial } = await echoBehindProxy(seed);
      const sizes: number[] = [];
      proxy.onConnection = (connection) => {
        const { write } = connection.far;
        connection.far.write = ((bytes: Uint8Array) => {
          sizes.push(bytes.length);
          return write.call(connection.far, bytes);
        }) as typeof write;
      };
      proxy.set({ sliceBytes: 9 });
      const client = await dial();
      client.socket.write('x'.repeat(100));
      await until(() => client.text().length === 100);
      return sizes;
    };
    const first = await slices(3);
    expect(first.length).toBeGreaterThan(9);
    expect(await slices(3)).toEqual(first);
    expect(await slices(4)).not.toEqual(first);
  });

  it('holds one direction back, and lets go of it when the hole is closed', async () => {
    const { proxy, dial } = await echoBehindProxy();
    const client = await dial();
    client.socket.write('a');
    await until(() => client.text() === 'a');
    proxy.set({ hole: 'down' });
    client.socket.write('b');
    await delay(50);
    const [connection] = proxy.connections;
    expect([client.text(), connection?.up.passed, connection?.down.came]).toEqual(['a', 2, 2]);
    proxy.set({ hole: 'up' });
    client.socket.write('c');
    await until(() => client.text() === 'ab');
    await delay(30);
    expect(connection?.up.passed).toBe(2);
    proxy.set({ hole: 'none' });
    await until(() => client.text() === 'abc');
  });

  it('resets both ends, refuses, and accepts without a word', async () => {
    const { proxy, peers, dial } = await echoBehindProxy();
    const client = await dial();
    client.socket.write('a');
    await until(() => client.text() === 'a');
    expect(proxy.cut()).toBe(1);
    await until(() => client.error() === 'ECONNRESET' && peers[0]?.destroyed === true);
    proxy.door = 'refuse';
    const refused = await dial();
    await until(() => refused.error() === 'ECONNRESET');
    proxy.door = 'hole';
    const mute = await dial();
    mute.socket.write('x');
    await delay(50);
    expect([mute.text(), mute.socket.destroyed, proxy.connections.size]).toEqual(['', false, 0]);
    proxy.door = 'open';
    await until(() => mute.text() === 'x');
  });

  it('leaves the server with a peer that is gone when a connection is half open', async () => {
    const { proxy, peers, dial } = await echoBehindProxy();
    const client = await dial();
    client.socket.write('a');
    await until(() => client.text() === 'a');
    for (const connection of proxy.connections) connection.halfOpen();
    await until(() => client.error() === 'ECONNRESET');
    await delay(50);
    expect(peers[0]?.destroyed).toBe(false);
    expect(peers[0]?.write('still there?')).toBe(true);
  });

  it('cuts after so many bytes, and where a filter says so', async () => {
    const { proxy, dial } = await echoBehindProxy();
    proxy.onConnection = ({ down }) => {
      down.cutAfter = 3;
    };
    const client = await dial();
    client.socket.write('a');
    await until(() => client.text() === 'a');
    client.socket.write('bc');
    await until(() => client.error() === 'ECONNRESET');
    proxy.onConnection = ({ down }) => {
      down.filter = (chunk) => (chunk.includes(33) ? 'cut' : 'pass');
    };
    const other = await dial();
    other.socket.write('fine');
    await until(() => other.text() === 'fine');
    other.socket.write('over!');
    await until(() => other.error() === 'ECONNRESET');
    expect(other.text()).toBe('fine');
  });
});
