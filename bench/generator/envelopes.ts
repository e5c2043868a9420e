/** Bytes before each message: flags and a length of four bytes, as gRPC and the Connect protocol have it. */
export const prefixBytes = 5;

/** Calls `message` with the bounds and the flags of each whole enveloped message; returns how many bytes were used. */
export function splitEnvelopes(
  bytes: Buffer,
  message: (start: number, end: number, flags: number) => void,
): number {
  let at = 0;
  while (at + prefixBytes <= bytes.length) {
    const start = at + prefixBytes;
    const end = start + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    message(start, end, bytes[at] ?? 0);
    at = end;
  }
  return at;
}
