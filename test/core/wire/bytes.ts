/** Builds encoded protobuf by hand, valid or not. */

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A varint of any 64-bit value; negative values as two's complement, ten bytes. */
export function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** A varint with `extra` bytes more than needed, which carry zeros. */
export function stretched(value: number | bigint, extra = 1): number[] {
  const bytes = varint(value);
  const last = bytes.pop() ?? 0;
  return [...bytes, last | 0x80, ...new Array<number>(extra - 1).fill(0x80), 0];
}

export function tag(field: number, wireType: number): number[] {
  return varint(field * 8 + wireType);
}

export function varintField(field: number, value: number | bigint): Uint8Array {
  return join(tag(field, 0), varint(value));
}

export function lengthField(field: number, content: Uint8Array | readonly number[] | string): Uint8Array {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content);
  return join(tag(field, 2), varint(bytes.length), bytes);
}
