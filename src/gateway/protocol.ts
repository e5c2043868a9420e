import type { HttpRequest } from './connection.ts';

/**
 * The protocol a caller speaks, as far as its request tells: it decides how a refusal is written.
 * `connect` is a unary call of the Connect protocol, `connect-stream` a streaming one, `plain` everything that is not
 * an rpc.
 */
export type CallerProtocol = 'grpc' | 'grpc-web' | 'connect' | 'connect-stream' | 'plain';

/** Paths of rpcs: `/package.Service/Method`. */
const RPC_PATH = /^\/[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)+\/[A-Za-z_]\w*$/;

const GRPC_WEB = /^application\/grpc-web(?:-text)?(?:\+|;|$)/;
const GRPC = /^application\/grpc(?:\+|;|$)/;
const CONNECT_STREAM = /^application\/connect\+/;
const CONNECT_UNARY = /^application\/(?:proto|json)(?:;|$)/;

export function callerProtocol(request: HttpRequest): CallerProtocol {
  const contentType = request.headers['content-type']?.toLowerCase() ?? '';
  if (GRPC.test(contentType)) return 'grpc';
  if (GRPC_WEB.test(contentType)) return 'grpc-web';
  if (CONNECT_STREAM.test(contentType)) return 'connect-stream';
  if (!isRpcPath(request)) return 'plain';
  if (request.headers['connect-protocol-version'] !== undefined) return 'connect';
  if (request.method === 'POST' && CONNECT_UNARY.test(contentType)) return 'connect';
  if (request.method === 'GET' && /[?&](?:connect=v1|encoding=)/.test(request.url ?? '')) return 'connect';
  return 'plain';
}

export function isRpcPath(request: HttpRequest): boolean {
  return RPC_PATH.test(pathOf(request));
}

/** The path without its query. */
export function pathOf(request: HttpRequest): string {
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
