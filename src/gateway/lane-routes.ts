import type { IncomingHttpHeaders } from 'node:http';
import type { DescMethod } from '@bufbuild/protobuf';
import type { ByteStream } from '../lanes/envelope/byte-stream.ts';
import type { NodeRequest } from './connection.ts';
import type { NodeResponse } from './refusal.ts';
import type { RpcRoute } from './rpc-route.ts';

interface LaneContext {
  readonly address: string;
  readonly responseHeaders: Readonly<Record<string, string>>;
}

/** What the gateway needs of the envelope lane: one rpc that takes a request whole and always answers it. */
export interface LaneEndpoint {
  readonly method: DescMethod;
  serve(request: NodeRequest, response: NodeResponse, context: LaneContext): void;
  /** The same for a POST over HTTP/2; absent: `serve` has those too. */
  serveStream?(stream: ByteStream, headers: IncomingHttpHeaders, context: LaneContext): void;
}

const GRPC_TYPES = /^application\/grpc(?:-web)?(?:\+(?:proto|json))?(?:;|$)/i;
const CONNECT_STREAM_TYPES = /^application\/connect\+(?:proto|json)(?:;|$)/i;
const CONNECT_UNARY_TYPES = /^application\/(?:proto|json)(?:;|$)/i;

/** The route of a lane. Its streams begin sessions; it limits the time and size of its bodies itself. */
export function laneRoute(endpoint: LaneEndpoint): RpcRoute {
  const { method } = endpoint;
  const connectTypes = method.methodKind === 'unary' ? CONNECT_UNARY_TYPES : CONNECT_STREAM_TYPES;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    kind: method.methodKind === 'unary' ? 'frames' : 'session',
    methods: ['POST'],
    accepts: (contentType) => GRPC_TYPES.test(contentType) || connectTypes.test(contentType),
    streamsResponse: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    bodyBytes: undefined,
    bodyMs: undefined,
    exchangeMs: undefined,
    serve: ({ request, response, responseFields, peer }) =>
      endpoint.serve(request, response, { address: peer.address, responseHeaders: responseFields }),
    serveStream:
      endpoint.serveStream &&
      (({ lane, headers }, address, responseHeaders) =>
        endpoint.serveStream?.(lane, headers, { address, responseHeaders })),
  };
}
