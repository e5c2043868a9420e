import { base64Decode } from '@bufbuild/protobuf/wire';
import type { universalResponseToNodeResponse } from '@connectrpc/connect-node';

/** A response of Connect's router. */
type Answer = Parameters<typeof universalResponseToNodeResponse>[0];

/** What Connect says of a request that is no message of its type, or no gzip; plain, and as gRPC writes it. */
const SAID = /"message":"(?:parse binary: |decompression failed")/;
const SAID_ESCAPED = /parse%20binary%3A%20|grpc-message: decompression%20failed\r/;
/** Flags of an envelope that ends a stream: gRPC-Web, Connect. */
const END_FLAGS = 0x80 | 2;
const COMPRESSED = 1;

/**
 * Whether the query of a GET can be decoded (Connect, "Unary-Get-Request"). Connect's router throws where its base64 is
 * none, and answers with HTTP 500.
 */
export function isReadableQuery(url: string): boolean {
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  if (query.get('base64') !== '1') return true;
  try {
    base64Decode(query.get('message') ?? '');
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes INVALID_ARGUMENT of the INTERNAL that Connect's router says, with HTTP 500, of a request that cannot be decoded.
 * It is the caller's fault, and monitors and load balancers take INTERNAL for ours.
 */
export async function blameCaller(answer: Answer): Promise<Answer> {
  const { body, trailer } = answer;
  if (body === undefined) return answer;
  if (answer.status === 500) return blameUnary(answer);
  return { ...answer, body: blameStream(body, trailer) };
}

/** Connect's unary calls: the error is the body. */
async function blameUnary(answer: Answer): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body ?? []) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!SAID.test(body.toString())) return { ...answer, body: iterate(body) };
  const blamed = Buffer.from(body.toString().replace('"internal"', '"invalid_argument"'));
  answer.header?.delete('content-length');
  return { ...answer, status: 400, body: iterate(blamed) };
}

/** Streams and gRPC: the error is in the trailers, or in the last envelope. */
async function* blameStream(body: AsyncIterable<Uint8Array>, trailer: Headers | undefined) {
  for await (const chunk of body) yield blameEnvelope(chunk);
  const said = `grpc-message: ${trailer?.get('grpc-message')}\r`;
  if (trailer?.get('grpc-status') === '13' && SAID_ESCAPED.test(said)) {
    trailer.set('grpc-status', '3');
  }
}

function blameEnvelope(envelope: Uint8Array): Uint8Array {
  const flags = envelope[0] ?? 0;
  if ((flags & END_FLAGS) === 0 || (flags & COMPRESSED) !== 0) return envelope;
  const text = Buffer.from(envelope.subarray(5)).toString();
  if (!SAID_ESCAPED.test(text) && !SAID.test(text)) return envelope;
  const blamed = text
    .replace('grpc-status: 13', 'grpc-status: 3')
    .replace('"internal"', '"invalid_argument"');
  const out = Buffer.alloc(5 + Buffer.byteLength(blamed));
  out[0] = flags;
  out.writeUInt32BE(out.length - 5, 1);
  out.write(blamed, 5);
  return out;
}

async function* iterate(bytes: Uint8Array) {
  yield bytes;
}
