import { connect as connectSocket, type Socket } from 'node:net';
import { type Logger, pino } from 'pino';
import { afterEach, expect } from 'vitest';
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway/gateway.ts';

const open: Gateway[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  const closing = open.splice(0);
  await Promise.all(closing.map((gateway) => gateway.close()));
  for (const gateway of closing) expect(gateway.openSockets).toBe(0);
});

/** A log that keeps its lines. */
export function recordingLog(): { readonly log: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}

/** Starts a gateway on the loopback interface that is closed after the test. */
export async function gateway(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const started = await startGateway({ log: pino({ level: 'silent' }), closeGraceMs: 500, ...options });
  open.push(started);
  return started;
}

export interface RawPeer {
  readonly socket: Socket;
  /** All that was received so far, as Latin-1. */
  readonly text: () => string;
  /** Resolves with all that was received, once the gateway has ended the connection. */
  readonly closed: Promise<string>;
}

/** A socket that says what it is told to, and nothing else. */
export async function rawPeer(
  port: number,
  first?: string | Uint8Array,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<RawPeer> {
  const socket = connectSocket({ port, host: '127.0.0.1', ...options });
  sockets.add(socket);
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.setNoDelay(true);
  if (first !== undefined) socket.write(first);
  return { socket, text: () => received, closed };
}

/** Writes one byte at a time, `ms` apart, until all is written or the connection has ended. */
export async function drip(peer: RawPeer, bytes: string | Uint8Array, ms: number): Promise<void> {
  for (const byte of Buffer.from(bytes as string)) {
    if (peer.socket.destroyed) return;
    peer.socket.write(Uint8Array.of(byte));
    await delay(ms);
  }
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How long a promise takes, in milliseconds. */
export async function elapsed(promise: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await promise;
  return performance.now() - start;
}
