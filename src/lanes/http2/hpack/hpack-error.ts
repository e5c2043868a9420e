/**
 * A header block that cannot be decoded. What the table holds is unknown from here on, so the connection ends with
 * COMPRESSION_ERROR (RFC 9113, section 4.3).
 */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}
