import type { Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node';
import { openDuplex, openHalves } from './connect-es.ts';
import type { ForeignClient } from './foreign-client.ts';

/** connect-node over HTTP/2, both directions on one stream. */
export function connectNodeDuplex(
  protocol: 'grpc' | 'connect' | 'grpc-web',
  useBinaryFormat = true,
): ForeignClient {
  const managers = new Set<Http2SessionManager>();
  const create = {
    grpc: createGrpcTransport,
    connect: createConnectTransport,
    'grpc-web': createGrpcWebTransport,
  }[protocol];
  return {
    inHalves: false,
    async open(opening, events) {
      const sessionManager = new Http2SessionManager(opening.url);
      managers.add(sessionManager);
      const transport = create({ baseUrl: opening.url, httpVersion: '2', sessionManager, useBinaryFormat });
      return openDuplex(transport, opening, events);
    },
    async close() {
      for (const manager of managers) manager.abort();
    },
  };
}

/** connect-node in two halves, as a browser would do it. */
export function connectNodeHalves(
  protocol: 'connect' | 'grpc-web',
  httpVersion: '1.1' | '2',
  useBinaryFormat = true,
): ForeignClient {
  const create = protocol === 'connect' ? createConnectTransport : createGrpcWebTransport;
  const managers = new Set<Http2SessionManager>();
  return {
    inHalves: true,
    async open(opening, events) {
      const { url: baseUrl } = opening;
      let transport: Transport;
      if (httpVersion === '2') {
        const sessionManager = new Http2SessionManager(baseUrl);
        managers.add(sessionManager);
        transport = create({ baseUrl, httpVersion, sessionManager, useBinaryFormat });
      } else transport = create({ baseUrl, httpVersion, useBinaryFormat });
      return openHalves(transport, opening, events);
    },
    async close() {
      for (const manager of managers) manager.abort();
    },
  };
}
