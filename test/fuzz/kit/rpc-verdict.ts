import { grpcCodes, readTrailers } from '../../helpers/lane-end.ts';
import type { Verdict } from '../target.ts';

/** One answer of HTTP, whatever its version. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly trailers: ReadonlyMap<string, string> | undefined;
  readonly body: Uint8Array;
  /** The body is complete: nothing more will come. */
  readonly isEnded: boolean;
}

/** What HTTP itself may say. 500 is not among them, nor is what only proxies say. */
const STATUSES = new Set([
  101, 200, 204, 206, 304, 400, 401, 403, 404, 405, 408, 409, 411, 412, 413, 414, 415, 416, 417, 426, 429,
  431, 499, 501, 503, 504, 505,
]);

/**
 * gRPC itself says that a compressed message whose request names no encoding is INTERNAL (grpc.github.io, "Compression"),
 * and the conformance suite asks for it: the one `internal` that is due.
 */
const DUE =
  /^(message is compressed, but the request names no encoding|received compressed envelope, but do not know how to decompress)$/;

/** Judges an answer by the rules of the protocol that its content type names. */
export function judgeAnswer(answer: HttpAnswer): Verdict {
  const { status, headers } = answer;
  if (!STATUSES.has(status)) return wrong(`HTTP status ${status}`);
  const type = headers.get('content-type')?.toLowerCase() ?? '';
  if (status !== 200) return judgeHttp(answer, type);
  if (/^application\/grpc-web/.test(type)) return judgeEnvelopes(answer, 'grpc-web', type);
  if (/^application\/grpc/.test(type)) return judgeGrpc(answer);
  if (/^application\/connect\+/.test(type)) return judgeEnvelopes(answer, 'connect', type);
  if (answer.isEnded && answer.body.length === 0 && !headers.has('content-length')) {
    return wrong('a 200 without a body');
  }
  return { kind: `accepted ${type.split(';')[0]}` };
}

function judgeHttp({ status, body }: HttpAnswer, type: string): Verdict {
  if (type !== 'application/json' || body.length === 0) return { kind: `HTTP ${status}` };
  const { code } = parse(body) ?? {};
  if (typeof code !== 'string') return { kind: `HTTP ${status}` };
  return judgeCode(code, textOf(body), `HTTP ${status} `);
}

function judgeGrpc({ headers, trailers, isEnded, body }: HttpAnswer): Verdict {
  const fields = trailers ?? headers;
  const code = fields.get('grpc-status');
  if (code === undefined)
    return isEnded ? wrong('gRPC ended without grpc-status') : { kind: 'accepted, open' };
  const name = grpcCodes[Number(code)];
  if (name === undefined) return wrong(`grpc-status ${code}`);
  if (name === 'ok' && body.length === 0) return { kind: 'accepted grpc, no message' };
  return judgeCode(name, safelyDecoded(fields.get('grpc-message') ?? ''), 'grpc ');
}

function judgeEnvelopes(answer: HttpAnswer, protocol: 'grpc-web' | 'connect', type: string): Verdict {
  const { headers, body, isEnded } = answer;
  const status = headers.get('grpc-status');
  if (status !== undefined && body.length === 0) return judgeGrpc(answer);
  const bytes = /-text/.test(type) ? Buffer.from(textOf(body), 'base64') : Buffer.from(body);
  const flag = protocol === 'connect' ? 2 : 0x80;
  let messages = 0;
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    const flags = bytes[at] ?? 0;
    if ((flags & flag) !== 0) {
      if ((flags & 1) !== 0) return { kind: `${protocol} ended, compressed` };
      const last = readTrailers(protocol, bytes.subarray(at + 5, end).toString());
      if (end !== bytes.length) return wrong(`${protocol}: bytes behind the end of the stream`);
      return judgeCode(last.code, last.message, `${protocol} `);
    }
    messages += 1;
    at = end;
  }
  if (isEnded) return wrong(`${protocol} ended without its last envelope`);
  return { kind: messages > 0 ? 'accepted, open' : 'open' };
}

/** A code of the documented set, by name. */
export function judgeCode(code: string, message: string, prefix = ''): Verdict {
  if (code === 'ok') return { kind: `accepted ${prefix}ok` };
  const isKnown = grpcCodes.some((name) => name === code);
  const isBad = !isKnown || code === 'unknown' || code === 'data_loss';
  if (isBad || (code === 'internal' && !DUE.test(message))) return wrong(`${prefix}${code}: ${message}`);
  return { kind: `${prefix}${code}` };
}

export function wrong(violation: string): Verdict {
  return { kind: 'violation', violation };
}

function parse(body: Uint8Array): { code?: unknown } | undefined {
  try {
    return JSON.parse(textOf(body)) as { code?: unknown };
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

function safelyDecoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
