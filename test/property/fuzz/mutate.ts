import { join } from '../../core/wire/bytes.ts';
import type { Random } from './random.ts';
import { build, lists, parse, type WireField, wireField } from './wire-tree.ts';

/** Makes one or more changes to a frame: on its bytes, or on its structure. The result may be valid. */
export function mutate(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  let bytes = random.pick(corpus);
  const rounds = 1 + random.below(3);
  for (let round = 0; round < rounds; round++) {
    bytes = random.chance(3) ? changeBytes(random, bytes, corpus) : changeStructure(random, bytes, corpus);
  }
  return bytes;
}

const INTERESTING = [
  0x00, 0x01, 0x02, 0x08, 0x0a, 0x0b, 0x0c, 0x12, 0x1a, 0x22, 0x7f, 0x80, 0xc0, 0xed, 0xf4, 0xff,
];

function changeBytes(random: Random, bytes: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
  const at = random.below(bytes.length + 1);
  const head = bytes.subarray(0, at);
  switch (random.below(6)) {
    case 0: {
      const copy = bytes.slice();
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
    }
    case 1:
      return join(
        head,
        [random.chance(2) ? random.pick(INTERESTING) : random.below(256)],
        bytes.subarray(at),
      );
    case 2:
      return join(head, bytes.subarray(at + 1 + random.below(3)));
    case 3:
      return head;
    case 4: {
      const copy = bytes.slice();
      if (at < copy.length) copy[at] = random.pick(INTERESTING);
      return copy;
    }
    default: {
      const other = random.pick(corpus);
      return join(head, other.subarray(random.below(other.length + 1)));
    }
  }
}

function changeStructure(random: Random, bytes: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
  const tree = parse(bytes);
  if (tree === undefined || tree.length === 0) return changeBytes(random, bytes, corpus);
  const list = random.pick(lists(tree));
  if (list.length === 0) list.push(strange(random));
  const at = random.below(list.length);
  const field = list[at] as WireField;
  change(random, list, at, field, corpus);
  return build(tree);
}

function change(
  random: Random,
  list: WireField[],
  at: number,
  field: WireField,
  corpus: readonly Uint8Array[],
): void {
  switch (random.below(13)) {
    case 0:
      list.splice(random.below(list.length + 1), 0, { ...field });
      break;
    case 1:
      list.splice(at, 1);
      break;
    case 2:
      field.number = random.chance(4)
        ? random.pick([0, 15, 16, 2047, 2048, 2 ** 29 - 1, 2 ** 29])
        : 1 + random.below(20);
      break;
    case 3:
      field.wireType = random.below(8);
      break;
    case 4:
      field.longTag = 1 + random.below(9);
      break;
    case 5:
      field.longValue = 1 + random.below(9);
      break;
    case 6:
      field.lengthError = random.pick([-3, -2, -1, 1, 2, 3, 200]);
      break;
    case 7:
      list.splice(random.below(list.length + 1), 0, strange(random));
      break;
    case 8: {
      const other = parse(random.pick(corpus)) ?? [];
      if (other.length > 0)
        list.splice(
          random.below(list.length + 1),
          0,
          random.pick(random.pick(lists(other).filter((l) => l.length > 0))),
        );
      break;
    }
    case 9:
      list.push(...(parse(random.pick(corpus)) ?? []));
      break;
    case 10:
      field.value = [
        wireField(field.number, 2, Array.isArray(field.value) ? field.value : new Uint8Array(0)),
      ];
      field.wireType = 2;
      break;
    case 11:
      if (typeof field.value === 'bigint') field.value = edge(random);
      else if (!Array.isArray(field.value)) field.value = text(random);
      break;
    default:
      list.reverse();
  }
}

/** A number at the edge of some type. */
function edge(random: Random): bigint {
  const power = 1n << BigInt(random.below(64));
  return BigInt.asUintN(64, random.pick([power, power - 1n, -power, -power - 1n, 0n, 1n, 2n]));
}

const TEXTS: readonly (readonly number[])[] = [
  [],
  [0],
  [0xef, 0xbb, 0xbf, 0x61],
  [0xef, 0xbf, 0xbf],
  [0xf4, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xed, 0x9f, 0xbf],
  [0xed, 0xa0, 0x80],
  [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xe0, 0x80, 0x80],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xc3],
  [0x80],
  [0xff],
  [...'__proto__'].map((letter) => letter.charCodeAt(0)),
];

function text(random: Random): Uint8Array {
  const padding = new Uint8Array(random.pick([0, 0, 1, 63, 64, 200])).fill(0x61);
  return join(padding, random.pick(TEXTS), random.chance(2) ? padding : []);
}

/** A field that no schema here knows, or a group. */
function strange(random: Random): WireField {
  const number = random.pick([1, 2, 5, 9, 30, 99, 2 ** 29 - 1]);
  switch (random.below(5)) {
    case 0:
      return wireField(number, 0, edge(random));
    case 1:
      return wireField(number, 1, new Uint8Array(8).fill(random.below(256)));
    case 2:
      return wireField(number, 5, new Uint8Array(4).fill(random.below(256)));
    case 3:
      return wireField(number, 3, join([8, 1], random.chance(2) ? new Uint8Array(0) : [(number << 3) | 4]));
    default:
      return wireField(number, 2, text(random));
  }
}
