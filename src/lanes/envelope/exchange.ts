import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import type { ByteStream } from './byte-stream.ts';
import { detachFromCompat } from './detach.ts';
import { Http1ByteStream } from './http1-byte-stream.ts';
import { Http2ByteStream } from './http2-byte-stream.ts';

/** A request that has arrived, whatever HTTP version it came over. */
export interface Exchange {
  readonly stream: ByteStream;
  /** HTTP method. */
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Address of the socket's other end. */
  readonly address: string;
}

/** What the gateway knows of a request beyond its bytes. */
export interface ServeContext {
  /** IP address of the peer as the gateway trusts it (a proxy's word for it). Default: the socket's. */
  readonly address?: string;
  /** Fields for every response, errors too: CORS, which a hijacked reply has lost. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
}

/** Takes over a request from Node's HTTP servers: from the HTTP/2 compat layer it takes the stream. */
export function exchangeOf(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): Exchange {
  if (request instanceof Http2ServerRequest) {
    const { stream, headers } = detachFromCompat(request);
    return http2Exchange(stream, headers);
  }
  return {
    stream: new Http1ByteStream(request, response as ServerResponse),
    method: request.method ?? '',
    headers: request.headers,
    address: request.socket.remoteAddress ?? '',
  };
}

/** An exchange on an HTTP/2 stream as the server's `stream` event gives it. */
export function http2Exchange(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Exchange {
  const method = headers[':method'];
  return {
    stream: new Http2ByteStream(stream),
    method: typeof method === 'string' ? method : '',
    headers,
    address: stream.session?.socket.remoteAddress ?? '',
  };
}
