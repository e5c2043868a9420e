import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { startTimer } from './timer.ts';

/** A peer that has not taken a RST_STREAM for so long, in milliseconds, reads nothing of any stream: its connection ends. */
const unreadResetMs = 500;

/** Gives a stream up at once. */
export function resetHttp2(stream: ServerHttp2Stream, session: Http2Session | undefined): void {
  if (stream.destroyed) return;
  stream.close(constants.NGHTTP2_CANCEL);
  // RST_STREAM waits behind what was written before. Where the socket takes nothing at all, it would wait for ever.
  const stop = startTimer(unreadResetMs, () => session?.destroy());
  stream.once('close', stop);
}
