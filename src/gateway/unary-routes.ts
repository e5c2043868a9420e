import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextValues,
  type Interceptor,
} from '@connectrpc/connect';
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node';
import type { Logger } from 'pino';
import { parseTimeout } from '../lanes/envelope/connect-protocol.ts';
import { callContext } from '../services/call-context.ts';
import { blameCaller, isReadableQuery } from './caller-fault.ts';
import type { GatewayLimits } from './limits.ts';
import { isGone, refuse } from './refusal.ts';
import type { RpcExchange, RpcRoute } from './rpc-route.ts';

type UniversalHandler = ConnectRouter['handlers'][number];

export interface UnaryRouteOptions {
  /** Registers the services. */
  readonly routes: (router: ConnectRouter) => void;
  readonly limits: Pick<GatewayLimits, 'messageBytes' | 'responseBytes' | 'bodyMs' | 'responseMs'>;
  /** Aborted when the gateway closes: streams of these services end. */
  readonly shutdown: AbortSignal;
  readonly log: Logger;
}

/** The rpcs that Connect's own router serves: all but the hot ones. */
export function unaryRoutes(options: UnaryRouteOptions): RpcRoute[] {
  const { limits, log } = options;
  const router = createConnectRouter({
    readMaxBytes: limits.messageBytes,
    writeMaxBytes: limits.responseBytes,
    acceptCompression: [compressionGzip, compressionBrotli],
    shutdownSignal: options.shutdown,
    interceptors: [logUnexpected(log)],
  });
  options.routes(router);
  return router.handlers.map((handler) => routeOf(handler, limits, log));
}

function routeOf(
  handler: UniversalHandler,
  limits: Pick<GatewayLimits, 'messageBytes' | 'bodyMs' | 'responseMs'>,
  log: Logger,
): RpcRoute {
  const { methodKind } = handler.method;
  const isUnaryRequest = methodKind === 'unary' || methodKind === 'server_streaming';
  return {
    path: handler.requestPath,
    kind: 'call',
    methods: handler.allowedMethods,
    accepts: handler.supportedContentType,
    streamsResponse: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
    bodyBytes: isUnaryRequest ? limits.messageBytes : undefined,
    bodyMs: isUnaryRequest ? limits.bodyMs : undefined,
    exchangeMs: methodKind === 'unary' ? limits.responseMs : undefined,
    serve: (exchange) => void serve(handler, exchange, log),
  };
}

async function serve(handler: UniversalHandler, exchange: RpcExchange, log: Logger): Promise<void> {
  const { request, response, responseFields } = exchange;
  if (request.method === 'GET' && !isReadableQuery(request.url ?? '')) {
    const message = 'the query parameter `message` is not valid base64';
    refuse(request, response, { code: Code.InvalidArgument, status: 400, message, headers: responseFields });
    return;
  }
  for (const [name, value] of Object.entries(responseFields)) response.setHeader(name, value);
  try {
    const context = createContextValues().set(callContext, exchange);
    const call = universalRequestFromNodeRequest(request, response, undefined, context);
    forgetEndlessTimeout(call.header);
    const answer = await blameCaller(await handler(call));
    if (isUnread(exchange)) response.setHeader('connection', 'close');
    await universalResponseToNodeResponse(answer, response);
  } catch (reason) {
    if (response.headersSent || isGone(request, response)) {
      log.debug({ err: reason, rpc: handler.requestPath }, 'call ended before its response');
      return;
    }
    log.error({ err: reason, rpc: handler.requestPath }, 'call failed outside its handler');
    refuse(request, response, { code: Code.Internal, status: 500, message: 'internal error' });
  }
}

/** Longest delay that Node's timers take; a longer one is over at once, and the call with it. */
const LONGEST_MS = 2 ** 31 - 1;

/** Clients without a deadline say the longest that there is. */
function forgetEndlessTimeout(header: Headers): void {
  for (const [name, protocol] of [
    ['grpc-timeout', 'grpc'],
    ['connect-timeout-ms', 'connect'],
  ] as const) {
    const { timeoutMs = 0 } = parseTimeout(protocol, header.get(name) ?? undefined);
    if (timeoutMs > LONGEST_MS) header.delete(name);
  }
}

/**
 * Connect answered before it read the whole body, and leaves the rest unread: over HTTP/1.1 the next request on this
 * connection would wait behind it for ever.
 */
function isUnread({ request }: RpcExchange): boolean {
  return request.httpVersionMajor === 1 && !request.complete;
}

/** Connect answers what is not a ConnectError with "internal error"; the cause is for our log. */
function logUnexpected(log: Logger): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (reason) {
      if (!(reason instanceof ConnectError)) {
        log.error(
          { err: reason, rpc: `/${request.service.typeName}/${request.method.name}` },
          'handler failed',
        );
      }
      throw reason;
    }
  };
}
