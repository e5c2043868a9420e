import { createServer, type Server } from 'node:http';
import type { GatewayLimits } from './limits.ts';

/** Node's server of HTTP/1.1. It does not listen: sockets are handed to it by `emit('connection')`. */
export function createHttp1Server(limits: GatewayLimits): Server {
  const server = createServer({
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
  server.maxHeadersCount = limits.headerCount;
  server.timeout = 0;
  return server;
}
