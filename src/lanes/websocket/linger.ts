import type { Duplex } from 'node:stream';

/** Calls `callback` once after `milliseconds`, unless the returned function is called before. */
export type Schedule = (callback: () => void, milliseconds: number) => () => void;

/** The process's own timers. */
export const systemSchedule: Schedule = (callback, milliseconds) => {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
};

/** How much of what still comes is read for the peer to be able to read its end: it may have had one message under way. */
const MOST_DISCARDED = 320 * 1024;

/**
 * Ends a socket so that its peer can read what was written: writes `last`, half-closes, and discards what still
 * comes until the peer half-closes too. Destroying at once would answer unread input with a reset, which discards
 * `last` at the peer. After `deadlineMs`, or when it goes on sending, the socket is destroyed whatever the peer does.
 */
export function linger(socket: Duplex, last: Uint8Array, deadlineMs: number, schedule: Schedule): void {
  if (socket.destroyed) return;
  const cancel = schedule(() => socket.destroy(), deadlineMs);
  silence(socket);
  socket.once('close', cancel);
  socket.end(last);
  let discarded = 0;
  const discard = (chunk: Uint8Array): void => {
    discarded += chunk.length;
    if (discarded > MOST_DISCARDED) socket.destroy();
  };
  socket.on('data', discard);
  socket.once('close', () => socket.off('data', discard));
  socket.resume();
}

/** Destroys a socket whose peer is gone or past helping. */
export function abandon(socket: Duplex): void {
  if (!socket.closed) silence(socket);
  socket.destroy();
}

/** Ignores errors until the socket has closed: nobody is left to be told. */
function silence(socket: Duplex): void {
  const ignore = () => {};
  socket.on('error', ignore);
  socket.once('close', () => socket.off('error', ignore));
}
