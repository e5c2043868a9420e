/**
 * The Connect protocol as far as this SDK speaks it (connectrpc.com/docs/protocol): binary, uncompressed, one unary method
 * and one server stream.
 */

/** gRPC status codes by their names in Connect. */
const CODES = [
  'ok',
  'canceled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
];

/** What an HTTP status means where no Connect error explains it. */
const HTTP_CODES: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

const UNKNOWN = 2;
const PREFIX = 5;
const END_OF_STREAM = 2;

/** A call that failed, with its gRPC status code; undefined: the connection. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: number | undefined;

  constructor(code: number | undefined, message: string) {
    super(message);
    this.code = code;
  }
}

/** What every call is made with. */
export interface Call {
  readonly url: string;
  /** Absent: nothing but its time ends the call. */
  readonly signal?: AbortSignal;
  /** The call outlives its page. */
  readonly keepalive?: boolean;
  readonly timeoutMs?: number;
}

/** Calls a unary method: bytes in, bytes out. Rejects with CallError. */
export async function unary(call: Call, message: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const response = await post(call, 'application/proto', message);
  return new Uint8Array(await response.arrayBuffer().catch(lost));
}

/** Calls a server-streaming method; each message as it comes. Rejects with CallError, also where the stream is cut off. */
export async function serverStream(
  call: Call,
  message: Uint8Array<ArrayBuffer>,
  received: (message: Uint8Array) => void,
): Promise<void> {
  const body = new Uint8Array(PREFIX + message.length);
  new DataView(body.buffer).setUint32(1, message.length);
  body.set(message, PREFIX);
  const response = await post(call, 'application/connect+proto', body);
  const reader = response.body?.getReader();
  let buffered = new Uint8Array();
  for (;;) {
    const chunk = await reader?.read().catch(lost);
    if (chunk?.value === undefined) throw new CallError(undefined, 'the stream was cut off');
    buffered = joined(buffered, chunk.value);
    let start = 0;
    while (buffered.length - start >= PREFIX) {
      const length = new DataView(buffered.buffer, buffered.byteOffset + start).getUint32(1);
      const end = start + PREFIX + length;
      if (buffered.length < end) break;
      const content = buffered.subarray(start + PREFIX, end);
      if (((buffered[start] ?? 0) & END_OF_STREAM) !== 0) return endOfStream(content);
      received(content);
      start = end;
    }
    buffered = buffered.subarray(start);
  }
}

async function post(call: Call, contentType: string, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  const { url, signal, keepalive = false, timeoutMs } = call;
  const headers = {
    'content-type': contentType,
    'connect-protocol-version': '1',
    ...(timeoutMs !== undefined && { 'connect-timeout-ms': String(timeoutMs) }),
  };
  const ends = [
    ...(signal === undefined ? [] : [signal]),
    ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]),
  ];
  const request = { method: 'POST', headers, body, keepalive, signal: AbortSignal.any(ends) };
  const response = await fetch(url, request).catch(lost);
  if (response.ok && response.headers.get('content-type')?.startsWith(contentType)) return response;
  const said: unknown = await response.json().catch(() => undefined);
  throw errorFrom(said, HTTP_CODES[response.status] ?? UNKNOWN, `HTTP ${response.status} from ${url}`);
}

function endOfStream(content: Uint8Array): void {
  const end: unknown = JSON.parse(new TextDecoder().decode(content));
  if (isObject(end) && end['error'] !== undefined)
    throw errorFrom(end['error'], UNKNOWN, 'the stream failed');
}

/** A Connect error in JSON, where it is one. */
function errorFrom(said: unknown, code: number, detail: string): CallError {
  if (!isObject(said)) return new CallError(code, detail);
  const named = CODES.indexOf(String(said['code']));
  return new CallError(named < 0 ? code : named, String(said['message'] ?? detail));
}

function lost(cause: unknown): never {
  throw new CallError(undefined, `${cause}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function joined(head: Uint8Array<ArrayBuffer>, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
