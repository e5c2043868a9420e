import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { Code } from '@connectrpc/connect';
import type { HttpRequest, LaneRequest, NodeRequest } from './connection.ts';
import { type CallerProtocol, callerProtocol } from './protocol.ts';
import { limitResponseTime } from './response-deadline.ts';

/** A response of either HTTP version. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Why a request goes no further. Written in the caller's own protocol by `refuse`. */
export interface Refusal {
  /** Status of rpc protocols. */
  readonly code: Code;
  /** HTTP status for callers that speak plain HTTP. */
  readonly status: number;
  /**
   * `status` is the HTTP status for rpc protocols too: the protocols leave it to HTTP to say that a method, a content
   * type or an HTTP version is wrong. Otherwise gRPC and streams get 200 and the code inside, Connect the status that
   * belongs to the code.
   */
  readonly atHttpLevel?: boolean;
  /** English, for the developer of the caller: what is wrong and what to do. No secrets. */
  readonly message: string;
  /** More response headers, lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection is not to be used again (HTTP/1.1). */
  readonly closeConnection?: boolean;
}

/** How long a caller may take to read that it was refused, in milliseconds. */
const REFUSAL_MS = 10_000;
/** How much of a refused body is read before its stream is reset. */
const DISCARDED_BYTES = 64 * 1024;

/**
 * Answers a request in its caller's protocol and ends it: gRPC and gRPC-Web by trailers in the headers, Connect by its
 * JSON error (for a stream, in its end message), a browser by a short page, others by JSON. Does nothing when an answer
 * has begun or the request is gone.
 */
export function refuse(request: NodeRequest, response: NodeResponse, refusal: Refusal): void {
  if (response.headersSent || isGone(request, response)) return;
  const { status, headers, body } = answerTo(request, refusal);
  if (refusal.closeConnection && !('stream' in request)) headers.connection = 'close';
  response.statusCode = status;
  // gRPC's status must be in the same frame as the end: `writeHead` would not know yet that nothing follows.
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) response.setHeader(name, value);
  if (body === undefined) response.end();
  else response.end(body);
  limitResponseTime(request, response, REFUSAL_MS);
}

/** The same for a request of a lane. */
export function refuseLane(request: LaneRequest, refusal: Refusal): void {
  const { lane } = request;
  const { status, headers, body } = answerTo(request, refusal);
  const fields = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  const timer = setTimeout(() => lane.destroy(), REFUSAL_MS);
  lane.whenOver = () => clearTimeout(timer);
  lane.respond(status, Object.fromEntries(fields));
  lane.readOn(DISCARDED_BYTES);
  lane.end(body, undefined);
}

/** Whether there is nobody to answer any more. */
export function isGone(request: NodeRequest, response: NodeResponse): boolean {
  return 'stream' in request ? request.stream.destroyed : response.destroyed;
}

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Buffer | undefined;
}

function answerTo(request: HttpRequest, refusal: Refusal): Answer {
  const answer = ANSWERS[callerProtocol(request)](refusal, request);
  const headers: OutgoingHttpHeaders = { ...answer.headers, ...refusal.headers, 'cache-control': 'no-store' };
  const body = request.method === 'HEAD' ? undefined : answer.body;
  if (body) headers['content-length'] = body.length;
  return { status: answer.status, headers, body };
}

const ANSWERS: Record<CallerProtocol, (refusal: Refusal, request: HttpRequest) => Answer> = {
  grpc: trailersOnly,
  'grpc-web': trailersOnly,
  connect: (refusal) =>
    json(refusal.atHttpLevel ? refusal.status : CONNECT_STATUS[refusal.code], errorJson(refusal)),
  'connect-stream': endStream,
  plain: (refusal, request) =>
    request.headers.accept?.includes('text/html') ? page(refusal) : json(refusal.status, errorJson(refusal)),
};

function trailersOnly(refusal: Refusal, request: HttpRequest): Answer {
  return {
    status: refusal.atHttpLevel ? refusal.status : 200,
    headers: {
      'content-type': request.headers['content-type'] ?? 'application/grpc',
      'grpc-status': String(refusal.code),
      // The counterpart of decodeURI, with which grpc-js reads it: encodeURIComponent would leave it with `%2F`.
      'grpc-message': encodeURI(refusal.message),
    },
  };
}

/** Connect protocol, error end-stream: a message with flag 2 whose JSON has the error. */
function endStream(refusal: Refusal, request: HttpRequest): Answer {
  const payload = Buffer.from(JSON.stringify({ error: errorJson(refusal) }));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(2, 0);
  prefix.writeUInt32BE(payload.length, 1);
  return {
    status: refusal.atHttpLevel ? refusal.status : 200,
    headers: { 'content-type': request.headers['content-type'] ?? 'application/connect+json' },
    body: Buffer.concat([prefix, payload]),
  };
}

function errorJson(refusal: Refusal): { code: string; message: string } {
  return { code: CODE_NAME[refusal.code], message: refusal.message };
}

function json(status: number, value: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

function page(refusal: Refusal): Answer {
  const text = refusal.message.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return {
    status: refusal.status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
    },
    body: Buffer.from(
      `<!doctype html><meta charset="utf-8"><title>Signalbox: ${refusal.status}</title><h1>${refusal.status}</h1><p>${text}</p>\n`,
    ),
  };
}

const CODE_NAME: Record<Code, string> = {
  [Code.Canceled]: 'canceled',
  [Code.Unknown]: 'unknown',
  [Code.InvalidArgument]: 'invalid_argument',
  [Code.DeadlineExceeded]: 'deadline_exceeded',
  [Code.NotFound]: 'not_found',
  [Code.AlreadyExists]: 'already_exists',
  [Code.PermissionDenied]: 'permission_denied',
  [Code.ResourceExhausted]: 'resource_exhausted',
  [Code.FailedPrecondition]: 'failed_precondition',
  [Code.Aborted]: 'aborted',
  [Code.OutOfRange]: 'out_of_range',
  [Code.Unimplemented]: 'unimplemented',
  [Code.Internal]: 'internal',
  [Code.Unavailable]: 'unavailable',
  [Code.DataLoss]: 'data_loss',
  [Code.Unauthenticated]: 'unauthenticated',
};

/** https://connectrpc.com/docs/protocol/#error-codes */
const CONNECT_STATUS: Record<Code, number> = {
  [Code.Canceled]: 499,
  [Code.Unknown]: 500,
  [Code.InvalidArgument]: 400,
  [Code.DeadlineExceeded]: 504,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.FailedPrecondition]: 400,
  [Code.Aborted]: 409,
  [Code.OutOfRange]: 400,
  [Code.Unimplemented]: 501,
  [Code.Internal]: 500,
  [Code.Unavailable]: 503,
  [Code.DataLoss]: 500,
  [Code.Unauthenticated]: 401,
};
