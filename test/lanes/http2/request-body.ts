import { END_STREAM, FrameType } from '../../fuzz/kit/http2-frames.ts';
import { type Http2Peer, Setting } from './http2-peer.ts';

const DEFAULT_WINDOW = 65_535;

/** What a peer may send, as the gateway has told it (RFC 9113, section 6.9). */
export class RequestWindows {
  readonly #peer: Http2Peer;
  readonly #sent = new Map<number, number>();

  constructor(peer: Http2Peer) {
    this.#peer = peer;
  }

  /** Octets that may be sent on this stream now. */
  room(stream: number): number {
    return Math.min(this.#window(0), this.#window(stream));
  }

  /** Sends `body` as the windows allow, with so much padding in each frame; false: the stream or the connection ended. */
  async send(
    stream: number,
    body: Uint8Array,
    { ends = true, padding = 0, frame = 16_000 } = {},
  ): Promise<boolean> {
    const isOver = () => this.#peer.isClosed || this.#peer.view(stream).reset !== undefined;
    const overhead = padding > 0 ? padding + 1 : 0;
    for (let at = 0; at < body.length; ) {
      await this.#peer.until(() => isOver() || this.room(stream) > overhead, `room on stream ${stream}`);
      if (isOver()) return false;
      const size = Math.min(frame, body.length - at, this.room(stream) - overhead);
      const flags = ends && at + size === body.length ? END_STREAM : 0;
      this.#write(stream, body.subarray(at, at + size), flags, padding);
      at += size;
      for (const id of [0, stream]) this.#sent.set(id, (this.#sent.get(id) ?? 0) + size + overhead);
    }
    return true;
  }

  #write(stream: number, content: Uint8Array, flags: number, padding: number): void {
    if (padding === 0) this.#peer.data(stream, content, flags);
    else {
      const padded = Buffer.concat([Uint8Array.of(padding), content, new Uint8Array(padding)]);
      this.#peer.frame(FrameType.DATA, flags | 8, stream, padded);
    }
  }

  #window(stream: number): number {
    let window = DEFAULT_WINDOW - (this.#sent.get(stream) ?? 0);
    for (const { type, stream: on, payload } of this.#peer.frames) {
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
      if (type === FrameType.WINDOW_UPDATE && on === stream) window += bytes.readUInt32BE(0);
      if (type !== FrameType.SETTINGS || stream === 0) continue;
      for (let at = 0; at < bytes.length; at += 6) {
        if (bytes.readUInt16BE(at) === Setting.INITIAL_WINDOW_SIZE)
          window += bytes.readUInt32BE(at + 2) - DEFAULT_WINDOW;
      }
    }
    return window;
  }
}
