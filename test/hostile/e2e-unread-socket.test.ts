import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import { openLane } from '../helpers/lane-clients.ts';

let gateway: E2eGateway | undefined;
let peer: ChildProcess | undefined;

afterEach(async () => {
  peer?.kill('SIGKILL');
  await gateway?.close();
});

async function until(holds: () => boolean, withinMs: number, what: string): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms for ${what}`);
    await delay(50);
  }
}

// RST_STREAM stood behind what nobody took, and the stream, with all that it held, stayed for ever.
it('a peer whose socket takes nothing any more is cut within ten seconds, though its windows are wide open', async () => {
  gateway = await startE2eGateway({ limits: { slowConsumerMs: 1000, pingIntervalMs: 60_000 } });
  const { node, gateway: port } = gateway.served;
  const token = await gateway.token({ identity: 'stopped' });
  const script = join(import.meta.dirname, 'wide-window-peer.ts');
  peer = spawn(process.execPath, [script, gateway.url, token, 'r'], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (peer.stdout === null) throw new Error('no pipe');
  await once(peer.stdout, 'data');
  const ann = await openLane('ws-proto', {
    url: gateway.url,
    token: await gateway.token({ identity: 'ann' }),
  });
  await ann.until('welcome');
  await ann.join('r');
  await until(() => port.openSockets === 2, 5000, 'both sockets');
  peer.kill('SIGSTOP');
  const text = 'x'.repeat(15_000);
  let blockedAt = Number.POSITIVE_INFINITY;
  const isCut = () => {
    for (let index = 0; index < 8; index += 1) {
      ann.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: text } } });
    }
    if (node.figures.blockedSessions === 0) blockedAt = Number.POSITIVE_INFINITY;
    else blockedAt = Math.min(blockedAt, performance.now());
    return node.figures.attachedSessions === 1;
  };
  await until(isCut, 20_000, 'the end of the lane');
  await until(() => port.openSockets === 1, 8000, 'the end of the socket');
  expect(performance.now() - blockedAt).toBeLessThan(10_000);
  // Its session waits for it.
  expect(node.figures.sessions).toBe(2);
  ann.transport.drop();
});
