import { STATIC_TABLE } from './static-table.ts';

/** Where each name is first in the static table. */
const places = staticPlaces();

/** Fields that no proxy may put into a table, where others could probe for them (RFC 7541, section 7.1.3). */
const secrets: ReadonlySet<string> = new Set(['authorization', 'cookie', 'set-cookie']);

const INDEXED = 0x80;
const NEVER_INDEXED = 0x10;
const WITHOUT_INDEXING = 0x00;
/** An index is one or two octets with its pattern, a length below 2^28 has five at the most. */
const MOST_OVERHEAD = 12;
const QUESTION_MARK = 0x3f;

/**
 * Encodes fields into a header block that means the same on every connection: nothing in it refers to a dynamic table or is kept
 * in one. A block can so be kept and sent again.
 *
 * @param fields Names, in lower case, and values in turn. A character that is not Latin-1 becomes `?`.
 */
export function encodeFields(fields: readonly string[]): Uint8Array {
  let most = 0;
  for (const text of fields) most += text.length + MOST_OVERHEAD;
  const block = Buffer.allocUnsafe(most);
  let at = 0;
  for (let i = 0; i < fields.length; i += 2) at = writeField(block, at, fields[i] ?? '', fields[i + 1] ?? '');
  return block.subarray(0, at);
}

function writeField(block: Uint8Array, at: number, name: string, value: string): number {
  const place = places.get(name) ?? 0;
  for (let index = place; index > 0 && STATIC_TABLE[index]?.name === name; index += 1) {
    if (STATIC_TABLE[index]?.value === value) return writeInteger(block, at, INDEXED, 0x7f, index);
  }
  const pattern = secrets.has(name) ? NEVER_INDEXED : WITHOUT_INDEXING;
  const named = writeInteger(block, at, pattern, 0x0f, place);
  return writeText(block, place > 0 ? named : writeText(block, named, name), value);
}

function writeText(block: Uint8Array, start: number, text: string): number {
  let at = writeInteger(block, start, 0, 0x7f, text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    block[at++] = code > 0xff ? QUESTION_MARK : code;
  }
  return at;
}

/** RFC 7541, section 5.1; `most` has the bits set that the first octet leaves to the integer. */
function writeInteger(
  block: Uint8Array,
  start: number,
  pattern: number,
  most: number,
  value: number,
): number {
  let at = start;
  if (value < most) {
    block[at++] = pattern | value;
    return at;
  }
  block[at++] = pattern | most;
  let rest = value - most;
  for (; rest >= 0x80; rest >>>= 7) block[at++] = (rest & 0x7f) | 0x80;
  block[at++] = rest;
  return at;
}

function staticPlaces(): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const [index, entry] of STATIC_TABLE.entries()) {
    if (entry !== undefined && !first.has(entry.name)) first.set(entry.name, index);
  }
  return first;
}
