import type { Random } from '../../property/fuzz/random.ts';
import type { Input } from '../target.ts';

const BYTES = [
  0x00, 0x01, 0x02, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a, 0x7e, 0x7f, 0x80, 0xc0, 0xed, 0xf4, 0xff,
];

/** Numbers at the edges of the types and limits that parsers have. */
export const EDGES: readonly number[] = [
  0, 1, 2, 125, 126, 127, 128, 255, 256, 16383, 16384, 16385, 65535, 65536, 262144, 278528, 16777215,
  2147483647, 2147483648, 4294967295,
];

/** Sequences that are no UTF-8, or are at its edges. */
export const TEXTS: readonly string[] = [
  'c080',
  'eda080',
  'f4908080',
  'c3',
  '80',
  'ff',
  'efbbbf',
  'efbfbf',
  '00',
  'e280a8',
  'f09f9880',
];

/** One to four changes to bytes, without knowing what they mean. `others` are spliced in. */
export function mutateBytes(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let changed = bytes;
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round += 1) changed = change(random, changed, others);
  return changed;
}

function change(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = random.chance(4) ? random.below(bytes.length + 1) : 1 + random.below(8);
  const head = bytes.subarray(0, at);
  const copy = new Uint8Array(bytes);
  switch (random.below(11)) {
    case 0:
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
    case 1:
      if (at < copy.length) copy[at] = random.chance(2) ? random.pick(BYTES) : random.below(256);
      return copy;
    case 2:
      return glue(head, [random.pick(BYTES)], bytes.subarray(at));
    case 3:
      return glue(head, bytes.subarray(at + length));
    case 4:
      return new Uint8Array(head);
    case 5:
      return glue(head, bytes.subarray(at, at + length), bytes.subarray(at));
    case 6: {
      const other = random.pick(others);
      return glue(head, other.subarray(random.below(other.length + 1)));
    }
    case 7: {
      const other = random.pick(others);
      const start = random.below(other.length + 1);
      return glue(head, other.subarray(start, start + 1 + random.below(40)), bytes.subarray(at));
    }
    case 8:
      return glue(head, Buffer.from(random.pick(TEXTS), 'hex'), bytes.subarray(at + random.below(2)));
    case 9:
      return overwrite(random, copy, at);
    default:
      return random.chance(8)
        ? glue(
            head,
            new Uint8Array(random.pick([100, 1000, 20_000])).fill(random.pick(BYTES)),
            bytes.subarray(at),
          )
        : glue(bytes.subarray(at), head);
  }
}

/** A number of 1 to 4 bytes, big-endian. */
function overwrite(random: Random, bytes: Uint8Array, at: number): Uint8Array {
  const size = 1 + random.below(4);
  let value = random.pick(EDGES);
  for (let index = at + size - 1; index >= at; index -= 1) {
    if (index < bytes.length) bytes[index] = value & 0xff;
    value = Math.floor(value / 256);
  }
  return bytes;
}

export function glue(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

/** The same bytes in other pieces, as a network may deliver them. */
export function resegment(random: Random, input: Input): Input {
  const whole = glue(...input);
  if (random.chance(3)) return [whole];
  const pieces: Uint8Array[] = [];
  const largest = random.pick([1, 3, 10, 100, 1000]);
  for (let at = 0; at < whole.length; ) {
    // A hundred pieces are enough: the rest goes in one.
    const size = pieces.length < 100 ? 1 + random.below(largest) : whole.length;
    pieces.push(whole.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Drops, repeats, swaps or reverses parts. */
export function shuffle<T>(random: Random, parts: readonly T[], others: readonly T[]): T[] {
  const list = [...parts];
  const at = random.below(list.length + 1);
  switch (random.below(5)) {
    case 0:
      list.splice(at, 1 + random.below(2));
      break;
    case 1:
      if (list.length > 0) list.splice(at, 0, random.pick(list));
      break;
    case 2:
      if (others.length > 0) list.splice(at, 0, random.pick(others));
      break;
    case 3: {
      const [moved] = list.splice(random.below(list.length + 1), 1);
      if (moved !== undefined) list.splice(random.below(list.length + 1), 0, moved);
      break;
    }
    default:
      list.length = Math.min(list.length, at);
  }
  return list;
}
