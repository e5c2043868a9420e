import type { Http2Owner } from './http2-owner.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { RequestHead } from './request-head.ts';

/** With more open streams than this, requests wait: a peer that floods is cut before it has cost anything. */
const SERVED_AT_ONCE = 32;

/** Requests that are served behind all that came with them, in their order. */
export class BegunRequests {
  #waiting: { readonly stream: Http2Stream; readonly head: RequestHead }[] | undefined;

  /** @param open streams of the connection, this one included */
  add(stream: Http2Stream, head: RequestHead, owner: Http2Owner, open: number): void {
    if (open <= SERVED_AT_ONCE) {
      owner.serve(stream, head);
      return;
    }
    this.#waiting ??= [];
    this.#waiting.push({ stream, head });
  }

  /** Those that were given up in the same breath, or their connection with them, cost nothing more. */
  serve(owner: Http2Owner): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const { stream, head } of waiting) if (!stream.isOver) owner.serve(stream, head);
  }

  clear(): void {
    this.#waiting = undefined;
  }
}
