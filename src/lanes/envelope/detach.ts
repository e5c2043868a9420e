import type { IncomingHttpHeaders } from 'node:http';
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2';

/** Names of the listeners that Node's HTTP/2 compat layer puts on a stream (lib/internal/http2/compat.js). */
const compatListeners = new Set([
  'onStreamTrailers',
  'onStreamEnd',
  'onStreamError',
  'onStreamAbortedRequest',
  'onStreamCloseRequest',
  'onStreamTimeoutRequest',
  'onStreamDrain',
  'onStreamAbortedResponse',
  'onStreamCloseResponse',
  'onStreamTrailersReady',
  'onStreamTimeoutResponse',
]);

/** Symbols under which the compat layer keeps its request, response and socket proxy on a stream. */
const compatSymbols = new Set(['request', 'response', 'proxySocket']);

/**
 * Takes the stream from Node's HTTP/2 compat layer whole.
 *
 * The layer's `wantTrailers` listener would send empty trailers before ours, and its request and response objects would
 * live as long as the stream (26.8 against 29.5 KB for each). Neither may be used after this. Node tells its listeners
 * apart from others' by nothing but their names; listeners that a framework added stay.
 */
export function detachFromCompat(request: Http2ServerRequest): {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
} {
  const { stream, headers } = request;
  for (const event of stream.eventNames()) {
    for (const listener of stream.listeners(event)) {
      if (compatListeners.has(listener.name)) {
        stream.removeListener(event, listener as (...args: unknown[]) => void);
      }
    }
  }
  for (const symbol of Object.getOwnPropertySymbols(stream)) {
    if (compatSymbols.has(symbol.description ?? '')) Reflect.set(stream, symbol, undefined);
  }
  return { stream, headers };
}
