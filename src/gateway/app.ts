import type { Server } from 'node:http';
import { Code } from '@connectrpc/connect';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { NodeRequest } from './connection.ts';
import type { Guard } from './guard.ts';
import { answerNotFound } from './not-found.ts';
import { type PageOptions, registerPages } from './pages.ts';
import { type NodeResponse, refuse } from './refusal.ts';
import { registerRpcs } from './rpc-plugin.ts';
import type { RpcRoute } from './rpc-route.ts';
import { routeUpgrade, type WebSocketHandler } from './upgrade.ts';

export interface AppOptions {
  readonly http1: Server;
  readonly guard: Guard;
  readonly rpcs: readonly RpcRoute[];
  readonly pages: PageOptions;
  readonly webSocket: WebSocketHandler | undefined;
  readonly log: Logger;
}

/** Longest body of a plain HTTP route, in bytes; the rpcs have limits of their own. */
const PLAIN_BODY_BYTES = 64 * 1024;

/** Serves a request of either HTTP version. */
export type RequestHandler = (request: NodeRequest, response: NodeResponse) => void;

/** One Fastify for both versions of HTTP. It routes; it does not listen. */
export interface App {
  readonly fastify: FastifyInstance;
  /** For requests over HTTP/2; those of `http1` find it by themselves. */
  readonly onRequest: RequestHandler;
}

export async function createApp(options: AppOptions): Promise<App> {
  const { http1, guard, log } = options;
  const app: FastifyInstance = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
    bodyLimit: PLAIN_BODY_BYTES,
    serverFactory: () => http1,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (_error, request, reply) => {
      reply.hijack();
      refuse(request.raw, reply.raw, BAD_REQUEST);
    },
  });
  app.setNotFoundHandler((request, reply) => {
    reply.hijack();
    answerNotFound(app, guard, request.raw, reply.raw);
  });
  app.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ err: error, path: request.url }, 'request failed');
    reply.hijack();
    refuse(request.raw, reply.raw, {
      code: status >= 500 ? Code.Internal : Code.InvalidArgument,
      status,
      message: status >= 500 ? 'internal error' : error.message,
    });
  });
  registerRpcs(app, options.rpcs, guard);
  await registerPages(app, options.pages);
  await app.ready();

  // Fastify's types know one HTTP version at a time; its router reads what both have in common.
  const route = app.routing as RequestHandler;
  const onRequest: RequestHandler = (request, response) => {
    // Opened and reset in one breath: there is nobody to answer.
    if ('stream' in request ? request.stream.destroyed : request.socket.destroyed) return;
    const refusal = guard.authority(request);
    if (refusal === undefined) route(request, response);
    else refuse(request, response, refusal);
  };
  http1.on('request', onRequest);
  http1.on('upgrade', (request, socket, head) =>
    routeUpgrade(guard, options.webSocket, request, socket, head),
  );
  return { fastify: app, onRequest };
}

const BAD_REQUEST = { code: Code.InvalidArgument, status: 400, message: 'the path is malformed' } as const;

/** Compilers of JSON schemas are large, and no route has one: Fastify's own would be loaded at each start. */
function noSchemas(): never {
  throw new Error('no route of the gateway has a schema');
}
