import { createServer, connect as dial } from 'node:net';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startGateway } from '../../src/gateway/gateway.ts';

const log = pino({ level: 'silent' });

/** A port that is free, most likely. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function standStill(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

describe('what is to be done before the first connection', () => {
  test('is done when the port is bound, and before anybody who waits there is served', async () => {
    const port = await freePort();
    const happened: string[] = [];
    const gateway = await startGateway({
      port,
      log,
      isServing: () => {
        happened.push('served');
        return true;
      },
      bound: () => {
        // The system takes connections from now on, and holds them.
        const early = dial(port, '127.0.0.1');
        early.write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
        standStill(50);
        happened.push('bound');
        early.resume();
      },
    });
    for (let tries = 0; tries < 100 && happened.length < 2; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(happened).toEqual(['bound', 'served']);
    await gateway.close();
  });

  test('keeps the gateway from starting where it fails, and nobody listens', async () => {
    const port = await freePort();
    const starting = startGateway({
      port,
      log,
      bound: () => {
        throw new Error('the file stays');
      },
    });
    await expect(starting).rejects.toThrow('the file stays');
    const refused = new Promise((resolve) => dial(port, '127.0.0.1').once('error', resolve));
    expect(await refused).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
