/** One field of an encoded message. */
export interface WireField {
  readonly number: number;
  readonly wireType: number;
  /** Length-delimited: the content. Else the encoded value. */
  readonly content: Uint8Array;
}

/** The fields of an encoded message as they stand in it. Throws where it is malformed. */
export function fieldsOf(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('cut off in a varint');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error('a varint of more than ten bytes');
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag & 7;
    let start = at;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = varint();
      start = at;
      at += length;
    } else throw new Error(`wire type ${wireType}`);
    if (at > bytes.length) throw new Error('a field ends behind its message');
    fields.push({ number: Math.floor(tag / 8), wireType, content: bytes.subarray(start, at) });
  }
  return fields;
}

/** The content of a field down a path of field numbers, where each occurs once at most. */
export function contentAt(bytes: Uint8Array, ...path: readonly number[]): Uint8Array | undefined {
  let content: Uint8Array | undefined = bytes;
  for (const number of path) {
    if (content === undefined) return undefined;
    const found: readonly WireField[] = fieldsOf(content).filter((field) => field.number === number);
    if (found.length > 1) throw new Error(`field ${number} occurs ${found.length} times`);
    content = found[0]?.content;
  }
  return content;
}
