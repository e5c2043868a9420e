import type { universalResponseToNodeResponse } from '@connectrpc/connect-node';

/** A response of Connect's router. */
type Answer = Parameters<typeof universalResponseToNodeResponse>[0];

/** What Connect says of a request that is no message of its type; plain, and as gRPC writes it. */
const SAID = 'parse binary: ';
const SAID_ESCAPED = 'parse%20binary%3A%20';
/** Flags of an envelope that ends a stream: gRPC-Web, Connect. */
const END_FLAGS = 0x80 | 2;
const COMPRESSED = 1;

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
  const isOurs = !body.toString().includes(`"message":"${SAID}`);
  if (isOurs) return { ...answer, body: iterate(body) };
  const blamed = Buffer.from(body.toString().replace('"internal"', '"invalid_argument"'));
  answer.header?.delete('content-length');
  return { ...answer, status: 400, body: iterate(blamed) };
}

/** Streams and gRPC: the error is in the trailers, or in the last envelope. */
async function* blameStream(body: AsyncIterable<Uint8Array>, trailer: Headers | undefined) {
  for await (const chunk of body) yield blameEnvelope(chunk);
  if (trailer?.get('grpc-status') === '13' && trailer.get('grpc-message')?.startsWith(SAID_ESCAPED)) {
    trailer.set('grpc-status', '3');
  }
}

function blameEnvelope(envelope: Uint8Array): Uint8Array {
  const flags = envelope[0] ?? 0;
  if ((flags & END_FLAGS) === 0 || (flags & COMPRESSED) !== 0) return envelope;
  const text = Buffer.from(envelope.subarray(5)).toString();
  if (!text.includes(SAID_ESCAPED) && !text.includes(`"message":"${SAID}`)) return envelope;
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
