import { createServer as createHttp1Server, type Server as Http1Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { GatewayLimits } from './limits.ts';

/** The two HTTP servers behind the port. Neither listens: sockets are handed to them by `emit('connection')`. */
export interface HttpServers {
  readonly http1: Http1Server;
  readonly http2: Http2Server;
}

/**
 * Node ends a session over these limits in the middle of a batch of frames, loses count of its memory, and ends the process when
 * the session is collected (26.10: `current_nghttp2_memory_ == 0`). `Http2Watch` cuts such peers, by the bytes that they send.
 */
const UNLIMITED = 2 ** 31 - 1;

export function createHttpServers(limits: GatewayLimits): HttpServers {
  const http1 = createHttp1Server({
    headersTimeout: limits.headersMs,
    requestTimeout: Math.max(limits.requestMs, limits.headersMs),
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.headerBytes,
    // `Upgrade: h2c` and anything else that is not a WebSocket is answered over HTTP/1.1, as RFC 9110 allows.
    // A WebSocket is opened by GET (RFC 6455 section 4.1): what a HEAD is told must have no body.
    shouldUpgradeCallback: ({ method, headers }) =>
      method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket',
  });
  http1.maxHeadersCount = limits.headerCount;
  http1.timeout = 0;

  const http2 = createHttp2Server({
    maxHeaderListPairs: limits.headerCount,
    maxSessionMemory: limits.sessionMemoryMegabytes,
    maxSessionInvalidFrames: UNLIMITED,
    maxSessionRejectedStreams: UNLIMITED,
    streamResetBurst: limits.resetBurst,
    streamResetRate: limits.resetRate,
    settings: {
      enablePush: false,
      maxConcurrentStreams: limits.streamsPerConnection,
      initialWindowSize: limits.streamWindowBytes,
      maxHeaderListSize: limits.headerBytes,
    },
  });
  return { http1, http2 };
}
