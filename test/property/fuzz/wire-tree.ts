import { join, stretched, varint } from '../../core/wire/bytes.ts';

/** One field on the wire, taken apart without a schema, so that it can be put together wrong. */
export interface WireField {
  number: number;
  wireType: number;
  /** Varint: a number; nested messages: their fields; else bytes. */
  value: bigint | Uint8Array | WireField[];
  /** Bytes more than needed in the tag, the length and the varint. */
  longTag: number;
  longValue: number;
  /** Added to the length. */
  lengthError: number;
}

export function wireField(number: number, wireType: number, value: WireField['value']): WireField {
  return { number, wireType, value, longTag: 0, longValue: 0, lengthError: 0 };
}

/** The fields of valid bytes; undefined when they are not a message. What looks like a message is taken for one. */
export function parse(bytes: Uint8Array): WireField[] | undefined {
  const fields: WireField[] = [];
  let at = 0;
  const read = (): bigint | undefined => {
    let value = 0n;
    for (let size = 0; size < 10; size++) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << BigInt(7 * size);
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = read();
    if (tag === undefined || tag < 8n || tag > 0xffffffffn) return undefined;
    const number = Number(tag >> 3n);
    const wireType = Number(tag & 7n);
    if (wireType === 0) {
      const value = read();
      if (value === undefined) return undefined;
      fields.push(wireField(number, wireType, value));
      continue;
    }
    const length = wireType === 2 ? Number(read() ?? -1n) : wireType === 1 ? 8 : wireType === 5 ? 4 : -1;
    if (length < 0 || at + length > bytes.length) return undefined;
    const content = bytes.subarray(at, at + length);
    at += length;
    const nested = wireType === 2 && length > 0 ? parse(content) : undefined;
    fields.push(wireField(number, wireType, nested ?? content));
  }
  return fields;
}

/** Puts fields together, with the errors that they carry. */
export function build(fields: readonly WireField[]): Uint8Array {
  return join(...fields.map(buildField));
}

function buildField(field: WireField): Uint8Array {
  const tag = long(BigInt(field.number) * 8n + BigInt(field.wireType), field.longTag);
  if (typeof field.value === 'bigint') return join(tag, long(field.value, field.longValue));
  const content = Array.isArray(field.value) ? build(field.value) : field.value;
  if (field.wireType !== 2) return join(tag, content);
  return join(tag, long(BigInt(Math.max(0, content.length + field.lengthError)), field.longValue), content);
}

function long(value: bigint, extra: number): number[] {
  return extra === 0 ? varint(value) : stretched(value, extra);
}

/** All lists of fields in a tree, the outermost first. */
export function lists(fields: WireField[]): WireField[][] {
  return [fields, ...fields.flatMap((field) => (Array.isArray(field.value) ? lists(field.value) : []))];
}
