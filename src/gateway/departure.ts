import type { Socket } from 'node:net';

/**
 * To be called at the GOAWAY of a peer: looks every `ms` milliseconds whether anything came of it since, and else destroys the
 * socket.
 *
 * Who leaves may finish its streams, which takes as long as it takes: whoever has one of a session answers our pings. But a
 * session whose peer breaks the protocol behind its GOAWAY is read no more by Node, which then sees neither the end nor a
 * reset of its socket, and keeps it as long as a stream of it is open. Node sends no PING any more at that time.
 */
export function watchDeparture(socket: Socket, ms: number): void {
  if (socket.destroyed) return;
  let heard = socket.bytesRead;
  const timer = setInterval(() => {
    if (socket.bytesRead === heard) socket.destroy();
    heard = socket.bytesRead;
  }, ms);
  socket.once('close', () => clearInterval(timer));
}
