import type { Socket } from 'node:net';

/** RFC 9113, section 3.4: what every HTTP/2 client sends first. No HTTP/1.1 request begins like it. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export type WireProtocol = 'http/1.1' | 'h2';

/**
 * Tells the protocol from the first bytes: 'undecided' while they could still become either.
 */
export function protocolOf(bytes: Uint8Array): WireProtocol | 'undecided' {
  const length = Math.min(bytes.length, PREFACE.length);
  for (let i = 0; i < length; i++) {
    if (bytes[i] !== PREFACE[i]) return 'http/1.1';
  }
  return length === PREFACE.length ? 'h2' : 'undecided';
}

/**
 * Reads the first bytes of a clear-text connection until they tell its protocol, puts them back, and calls `decided`
 * once. A socket that ends, fails or stays undecided for `deadlineMs` is destroyed and `decided` is never called.
 *
 * The bytes are held aside here and given back in one piece: giving back an undecided prefix would make the stream
 * readable again at once, a loop that spins until the next byte comes.
 */
export function readPreface(
  socket: Socket,
  deadlineMs: number,
  decided: (protocol: WireProtocol) => void,
): void {
  let held: Buffer | undefined;

  const onData = (chunk: Buffer): void => {
    held = held === undefined ? chunk : Buffer.concat([held, chunk]);
    const protocol = protocolOf(held);
    if (protocol === 'undecided') return;
    stop();
    socket.pause();
    socket.unshift(held);
    decided(protocol);
    // An HTTP/2 session took the handle; the HTTP/1.1 parser waits for the bytes that were put back.
    if (protocol === 'http/1.1') socket.resume();
  };
  const drop = (): void => {
    socket.destroy();
  };
  const stop = (): void => {
    clearTimeout(timer);
    socket.off('data', onData);
    socket.off('end', drop);
    socket.off('error', drop);
    socket.off('close', stop);
  };
  const timer = setTimeout(drop, deadlineMs);
  socket.on('data', onData);
  socket.on('end', drop);
  socket.on('error', drop);
  socket.on('close', stop);
}
