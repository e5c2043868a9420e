import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** As much as a socket is asked for at once: a description for a call of fifty comes whole. */
const BUFFER_BYTES = 128 * 1024;

/** What any socket has just received; its listeners are through with it before the next one is read. */
const received = Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** Where Node keeps the buffer of a socket that was made with the option `onread`, and what it calls then (lib/net.js). */
interface ReadInto {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/**
 * Has all sockets given here read into one buffer: a `data` chunk is then **lent**, and holds something else after its
 * listeners have returned. It spares an allocation outside the heap for each read, which costs as much as handling a small
 * frame, and for large ones a collection of the whole heap every few thousand.
 *
 * Node offers this for sockets that a program makes (`onread`), and not for those that a server accepts. Where a Node does not
 * keep it where this one does, and over TLS, which hands over what it has decrypted though the socket was paused, all stays as
 * it was.
 */
export function readTogether(socket: unknown): void {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket) return;
  const place = placeOf(socket);
  const handle: unknown = Reflect.get(socket, '_handle');
  if (place === undefined || !canReadInto(handle)) return;
  Reflect.set(socket, place.buffer, received);
  Reflect.set(socket, place.callback, (length: number) => {
    socket.emit('data', received.subarray(0, length));
  });
  handle.useUserBuffer(received);
}

function placeOf(socket: Socket): ReadInto | undefined {
  const symbols = Object.getOwnPropertySymbols(socket);
  const buffer = symbols.find(({ description }) => description === 'kBuffer');
  const callback = symbols.find(({ description }) => description === 'kBufferCb');
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}

function canReadInto(handle: unknown): handle is { useUserBuffer(buffer: Uint8Array): void } {
  return typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle;
}
