import type { Socket } from 'node:net';
import { Http2Connection } from '../../src/lanes/http2/http2-connection.ts';
import type { Http2Owner } from '../../src/lanes/http2/http2-owner.ts';
import type { Http2Stream } from '../../src/lanes/http2/http2-stream.ts';
import type { RequestHead } from '../../src/lanes/http2/request-head.ts';

const limits = {
  headerBytes: 16_384,
  headerCount: 100,
  streams: 1_000,
  streamWindowBytes: 65_535,
  connectionWindowBytes: 1_048_576,
};

/** Serves HTTP/2 on a socket, as the gateway does, for a peer that nobody judges. */
export function serveHttp2On(socket: Socket, serve: (stream: Http2Stream, head: RequestHead) => void): void {
  const owner: Http2Owner = {
    serve,
    opened: () => {},
    admitted: () => {},
    idle: () => {},
    received: () => {},
    content: () => {},
    reset: () => {},
    settings: () => {},
    departing: () => {},
    flooded: () => socket.destroy(),
    failed: () => {},
  };
  new Http2Connection(socket, limits, owner).start();
}
