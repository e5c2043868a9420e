import { Code } from '@connectrpc/connect';
import type { FastifyInstance } from 'fastify';
import type { NodeRequest } from './connection.ts';
import type { Guard } from './guard.ts';
import { callerProtocol, isRpcPath, pathOf } from './protocol.ts';
import { type NodeResponse, type Refusal, refuse } from './refusal.ts';

const WEB_SOCKET_PATH = '/ws';

/** Answers what no route serves: UNIMPLEMENTED for an rpc, 405 for a known path, 404 for the rest. */
export function answerNotFound(
  app: FastifyInstance,
  guard: Guard,
  request: NodeRequest,
  response: NodeResponse,
): void {
  if (isRpcPath(request)) {
    // With CORS, or a browser would report an origin problem instead of a misspelt method.
    const cors = guard.cors(request, response, ['POST', 'GET']);
    if (cors !== undefined) refuse(request, response, { ...unknownRpc(request), headers: cors });
    return;
  }
  refuse(
    request,
    response,
    callerProtocol(request) === 'plain' ? unknownPath(app, request) : unknownRpc(request),
  );
}

function unknownRpc(request: NodeRequest): Refusal {
  return {
    code: Code.Unimplemented,
    status: 404,
    message: `the gateway has no rpc ${printablePath(request)}`,
  };
}

function unknownPath(app: FastifyInstance, request: NodeRequest): Refusal {
  const path = pathOf(request);
  if (path === WEB_SOCKET_PATH) {
    return {
      code: Code.Unimplemented,
      status: 426,
      message: 'this path takes WebSockets over HTTP/1.1 only',
      headers: 'stream' in request ? {} : { upgrade: 'websocket', connection: 'upgrade' },
    };
  }
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead && (path === '/' || app.hasRoute({ method: 'GET', url: path }))) {
    const message = `${request.method} is not allowed for ${path}; use GET`;
    return { code: Code.Unimplemented, status: 405, message, headers: { allow: 'GET, HEAD' } };
  }
  return { code: Code.NotFound, status: 404, message: `nothing is served at ${printablePath(request)}` };
}

function printablePath(request: NodeRequest): string {
  return pathOf(request)
    .slice(0, 200)
    .replace(/[^\x20-\x7e]/g, '?');
}
