/** Frames written by hand, field by field: what no encoder would write. */

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

/** A field with a varint. */
export function varintField(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

/** A field with a length: bytes, a text or a message. */
export function bytesField(number: number, content: Uint8Array | string): Uint8Array {
  const bytes = Buffer.from(content as Uint8Array);
  return Buffer.concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

/** Fields one after another. */
export function frameBytes(...fields: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(fields));
}

export interface TopField {
  readonly number: number;
  /** Tag, length and content as they stand. */
  readonly bytes: Uint8Array;
  /** The content alone; empty for a varint. */
  readonly content: Uint8Array;
}

/** The fields of an encoded message, in order, without looking into them. Varints and lengths only. */
export function topFields(bytes: Uint8Array): TopField[] {
  const fields: TopField[] = [];
  let at = 0;
  const read = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('cut off');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const tag = read();
    const value = read();
    let content = new Uint8Array();
    if (tag % 8 === 2) {
      content = Uint8Array.from(bytes.subarray(at, at + value));
      at += value;
    } else if (tag % 8 !== 0) throw new Error(`wire type ${tag % 8}`);
    fields.push({ number: Math.floor(tag / 8), bytes: Uint8Array.from(bytes.subarray(start, at)), content });
  }
  return fields;
}
