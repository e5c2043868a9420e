import { Code } from '@connectrpc/connect';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { limitBodyTime } from './body-deadline.ts';
import type { NodeRequest } from './connection.ts';
import type { Guard } from './guard.ts';
import { isGone, type NodeResponse, refuse } from './refusal.ts';
import { limitResponseTime } from './response-deadline.ts';
import type { RpcRoute } from './rpc-route.ts';
import { Turns } from './turns.ts';

/**
 * Registers the rpcs with Fastify. Each is taken over before Fastify looks at its body: the body belongs to the code
 * that serves it, and the whole answer is written there.
 */
export function registerRpcs(app: FastifyInstance, routes: readonly RpcRoute[], guard: Guard): void {
  const turns = new Turns();
  for (const route of routes) {
    app.route({
      method: app.supportedMethods,
      url: route.path,
      onRequest: (request: FastifyRequest, reply: FastifyReply) => {
        reply.hijack();
        serve(route, guard, turns, request.raw, reply.raw);
      },
      handler: taken,
    });
  }
}

function serve(
  route: RpcRoute,
  guard: Guard,
  turns: Turns,
  request: NodeRequest,
  response: NodeResponse,
): void {
  const cors = guard.cors(request, response, route.methods);
  if (cors === undefined) return;
  const refusal = guard.refusal(request, route);
  if (refusal !== undefined) {
    refuse(request, response, { ...refusal, headers: { ...cors, ...refusal.headers } });
    return;
  }
  const admitted = guard.admit(request, route.kind);
  if (!('accepted' in admitted)) {
    refuse(request, response, { ...admitted, headers: { ...cors, ...admitted.headers } });
    return;
  }
  const { over } = admitted;
  if (over !== undefined) ('stream' in request ? request.stream : response).once('close', over);
  if (route.bodyMs !== undefined) limitBody(route.bodyMs, request, response, cors);
  if (route.exchangeMs !== undefined) limitResponseTime(request, response, route.exchangeMs);
  const exchange = {
    request,
    response,
    responseFields: route.streamsResponse ? { ...cors, 'x-accel-buffering': 'no' } : cors,
    peer: guard.peer(request),
    clientCertificate: guard.clientCertificate(request),
  };
  // Sessions and their frames have turns of their own.
  if (route.kind !== 'call') route.serve(exchange);
  else {
    turns.take(() => {
      if (!isGone(request, response)) route.serve(exchange);
    });
  }
}

function limitBody(
  ms: number,
  request: NodeRequest,
  response: NodeResponse,
  cors: Readonly<Record<string, string>>,
): void {
  limitBodyTime(request, response, ms, () => {
    refuse(request, response, {
      code: Code.DeadlineExceeded,
      status: 408,
      message: `the request body was not complete after ${ms} ms`,
      headers: cors,
      closeConnection: true,
    });
    // Ends the half that still comes in, once the answer is out.
    if ('stream' in request) request.stream.close();
    else response.once('finish', () => request.socket.destroySoon());
  });
}

/** The hook above never calls on. */
function taken(): never {
  throw new Error('an rpc was not taken over');
}
