/** Bytes of the varint of `value`: an integer from 0 to 2^53 - 1. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  let size = 4;
  for (let rest = Math.floor(value / 0x10000000); rest > 0; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Writes the varint of `value`, an integer from 0 to 2^53 - 1; returns the position behind it. */
export function writeVarint(out: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest > 0x7fffffff) {
    out[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

/**
 * Bytes of the zigzag varint (sint64) of `value`, a safe integer.
 *
 * Its lowest byte holds six bits of the magnitude and the sign, the others the rest, which keeps all steps below 2^53.
 */
export function zigzagSize(value: number): number {
  const magnitude = value < 0 ? -value - 1 : value;
  return magnitude < 0x40 ? 1 : 1 + varintSize(Math.floor(magnitude / 0x40));
}

/** Writes the zigzag varint (sint64) of `value`, a safe integer; returns the position behind it. */
export function writeZigzag(out: Uint8Array, position: number, value: number): number {
  const magnitude = value < 0 ? -value - 1 : value;
  const lowest = (magnitude % 0x40) * 2 + (value < 0 ? 1 : 0);
  if (magnitude < 0x40) {
    out[position] = lowest;
    return position + 1;
  }
  out[position] = lowest | 0x80;
  return writeVarint(out, position + 1, Math.floor(magnitude / 0x40));
}
