/** Header blocks written piece by piece (RFC 7541, sections 5 and 6), also what no encoder would write. */

const bytes = (text: string) => Buffer.from(text, 'latin1');

/** An integer behind the pattern of its first octet. `bits` is how many of it are the integer's. */
export function integer(pattern: number, bits: number, value: number): Uint8Array {
  const most = 2 ** bits - 1;
  if (value < most) return Uint8Array.of(pattern | value);
  const octets = [pattern | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 0x80);
  return Uint8Array.from([...octets, rest]);
}

export function text(value: string): Uint8Array {
  return block(integer(0, 7, value.length), bytes(value));
}

/** What is said to be compressed, as it stands. */
export function compressed(octets: Uint8Array): Uint8Array {
  return block(integer(0x80, 7, octets.length), octets);
}

export function block(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

const patterns = { kept: [0x40, 6], passing: [0x00, 4], secret: [0x10, 4] } as const;
export type Keeping = keyof typeof patterns;

/** A literal field; `name` may be a place in the tables. */
export function literal(keeping: Keeping, name: string | number, value: string): Uint8Array {
  const [pattern, bits] = patterns[keeping];
  return typeof name === 'number'
    ? block(integer(pattern, bits, name), text(value))
    : block(integer(pattern, bits, 0), text(name), text(value));
}

export function indexed(place: number): Uint8Array {
  return integer(0x80, 7, place);
}

export function tableSize(octets: number): Uint8Array {
  return integer(0x20, 5, octets);
}
