import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Guard } from './guard.ts';
import { pathOf } from './protocol.ts';

/** Takes over a WebSocket upgrade whose origin and admission were checked. `address` is the client's, as trusted. */
export type WebSocketHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  context: { readonly address: string },
) => void;

/** How long a refused peer may take to read the answer, in milliseconds. */
const LINGER_MS = 1_000;
/** How much of what it still sends is read meanwhile. */
const DISCARDED_BYTES = 64 * 1024;

const REASON: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable',
};

/** Routes an HTTP/1.1 upgrade: `/ws` to the WebSocket lane, the rest to an error that says why. */
export function routeUpgrade(
  guard: Guard,
  handler: WebSocketHandler | undefined,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const path = pathOf(request);
  if (handler === undefined || path !== '/ws') {
    answer(socket, { status: 404, message: 'WebSockets are served at /ws' });
    return;
  }
  const refusal = guard.authority(request) ?? guard.originRefusal(request);
  if (refusal !== undefined) {
    answer(socket, refusal);
    return;
  }
  const admitted = guard.admit(request, 'session');
  if ('accepted' in admitted) handler(request, socket, head, { address: guard.clientAddress(request) });
  else {
    answer(socket, admitted);
    // Whoever is turned away for load is not waited for.
    if (socket instanceof Socket) socket.destroySoon();
  }
}

function answer(
  socket: Duplex,
  refusal: {
    readonly status: number;
    readonly message: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): void {
  const body = `${refusal.message}\n`;
  const fields = {
    connection: 'close',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    ...refusal.headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => socket.destroy());
  // A socket closed over unread bytes is reset, and the answer may be lost with it.
  let discarded = 0;
  socket.on('data', (chunk: Uint8Array) => {
    discarded += chunk.length;
    if (discarded > DISCARDED_BYTES) socket.destroy();
  });
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end(
    `HTTP/1.1 ${refusal.status} ${REASON[refusal.status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`,
  );
}
