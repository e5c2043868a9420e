import { gunzipSync, gzipSync } from 'node:zlib';

/** A body that inflates beyond the limit, or is no gzip. */
export type Inflated =
  | { readonly kind: 'ok'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'malformed' };

/**
 * Inflates one message. Synchronous: a message is at most `maxBytes` long, so this is a bounded piece of work, and the
 * order of messages is kept without a queue. zlib stops at the limit; a bomb costs `maxBytes`, not its size.
 */
export function inflate(bytes: Uint8Array, maxBytes: number): Inflated {
  if (bytes.byteLength === 0) return { kind: 'ok', bytes };
  try {
    return { kind: 'ok', bytes: gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) }) };
  } catch (reason) {
    const code = reason instanceof Error && 'code' in reason ? reason.code : undefined;
    return { kind: code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'malformed' };
  }
}

/** Deflates one message. Level 1: signaling is small and repetitive, higher levels cost time and save little. */
export function deflate(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 1 });
}
