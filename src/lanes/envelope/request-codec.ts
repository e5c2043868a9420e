import { type DescMessage, fromJsonString, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { LaneViolation } from '../../core/lane.ts';
import type { JsonSettings } from './framing.ts';
import { inflate } from './gzip.ts';

/** A message that is ready for the handler, or why it is not. */
export type Decoded =
  | { readonly kind: 'ok'; readonly bytes: Uint8Array }
  | { readonly kind: 'violation'; readonly reason: LaneViolation['reason']; readonly error: ConnectError };

/** A refusal of a message. */
export function violation(reason: LaneViolation['reason'], message: string, code: Code): Decoded {
  return { kind: 'violation', reason, error: new ConnectError(message, code) };
}

/** The refusal of a message that is longer than the limit. */
export function tooLarge(maxBytes: number): Decoded {
  return violation(
    'too-large',
    `message is larger than the limit of ${maxBytes} bytes`,
    Code.ResourceExhausted,
  );
}

/** Inflates a compressed message. `known`: the request has said how it is compressed. */
export function decompress(bytes: Uint8Array, known: boolean, maxBytes: number): Decoded {
  if (!known) {
    return violation('malformed', 'message is compressed, but the request names no encoding', Code.Internal);
  }
  const inflated = inflate(bytes, maxBytes);
  switch (inflated.kind) {
    case 'ok':
      return inflated;
    case 'too-large':
      return tooLarge(maxBytes);
    case 'malformed':
      return violation('malformed', 'message is not valid gzip', Code.InvalidArgument);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Decodes JSON messages of one type to binary. Unknown fields are ignored, as Connect does. */
export function jsonDecoder(desc: DescMessage, settings: JsonSettings): (bytes: Uint8Array) => Decoded {
  const options = { ignoreUnknownFields: true, ...settings };
  return (bytes) => {
    try {
      const message = fromJsonString(desc, decoder.decode(bytes), options);
      return { kind: 'ok', bytes: toBinary(desc, message) };
    } catch (reason) {
      const text = reason instanceof Error ? reason.message : String(reason);
      return violation('malformed', `message is not valid JSON of its type: ${text}`, Code.InvalidArgument);
    }
  };
}
