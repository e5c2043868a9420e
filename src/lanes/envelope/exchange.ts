import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { ByteStream } from './byte-stream.ts';
import { Http1ByteStream } from './http1-byte-stream.ts';

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

/** An exchange of Node's HTTP/1.1 server. */
export function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  return {
    stream: new Http1ByteStream(request, response),
    method: request.method ?? '',
    headers: request.headers,
    address: request.socket.remoteAddress ?? '',
  };
}

/** An exchange on an HTTP/2 stream; `headers` has its pseudo-headers. */
export function streamExchange(stream: ByteStream, headers: IncomingHttpHeaders): Exchange {
  const method = headers[':method'];
  return { stream, method: typeof method === 'string' ? method : '', headers, address: '' };
}
