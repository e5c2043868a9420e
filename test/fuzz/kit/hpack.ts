/** HPACK (RFC 7541), as much as a peer needs that reads answers, and writes headers that no library would write. */

export type Field = readonly [name: string, value: string];

/** Appendix A, from 1 on. */
const STATIC: readonly Field[] =
  `:authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|:status=206
:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|accept-language|accept-ranges
accept|access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|content-encoding
content-language|content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host
if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards
proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|strict-transport-security
transfer-encoding|user-agent|vary|via|www-authenticate`
    .split(/[|\n]/)
    .map((entry) => {
      const [name = '', value = ''] = entry.split('=');
      return [name, value] as const;
    });

/** Appendix B: the bits of each symbol's code, a base-36 digit each. The code is canonical: its lengths say all. */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq' +
  'u';

/** Symbol of each code, by `length:code`. */
const symbols: ReadonlyMap<string, number> = canonicalCodes();

/** Names and values as literals that are neither indexed nor compressed: any bytes go. Texts are Latin-1. */
export function encodeFields(fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]);
  return new Uint8Array(Buffer.concat(parts));
}

/** Reads the header blocks of one connection in their order. Throws where a block is malformed. */
export class FieldDecoder {
  #dynamic: Field[] = [];
  #limit = 4096;

  decode(block: Uint8Array): Field[] {
    const reader = new BlockReader(block);
    const fields: Field[] = [];
    while (!reader.atEnd) {
      const first = reader.peek();
      if (first >= 0x80) fields.push(this.#entry(reader.integer(7)));
      else if (first >= 0x40) this.#add(fields, this.#literal(reader, 6));
      else if (first >= 0x20) this.#resize(reader.integer(5));
      else fields.push(this.#literal(reader, 4));
    }
    return fields;
  }

  #literal(reader: BlockReader, bits: number): Field {
    const index = reader.integer(bits);
    const name = index === 0 ? reader.text() : this.#entry(index)[0];
    return [name, reader.text()];
  }

  #add(fields: Field[], field: Field): void {
    fields.push(field);
    this.#dynamic.unshift(field);
    this.#evict();
  }

  #resize(limit: number): void {
    this.#limit = limit;
    this.#evict();
  }

  #evict(): void {
    let size = 0;
    const kept = this.#dynamic.findIndex(([name, value]) => {
      size += name.length + value.length + 32;
      return size > this.#limit;
    });
    if (kept >= 0) this.#dynamic = this.#dynamic.slice(0, kept);
  }

  #entry(index: number): Field {
    const field = index <= STATIC.length ? STATIC[index - 1] : this.#dynamic[index - STATIC.length - 1];
    if (field === undefined) throw new Error(`no table entry ${index}`);
    return field;
  }
}

class BlockReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    return this.#bytes[this.#at] ?? 0;
  }

  /** Section 5.1. */
  integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.#next() & most;
    if (value < most) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#next();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** Section 5.2. */
  text(): string {
    const isCompressed = this.peek() >= 0x80;
    const length = this.integer(7);
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw new Error('a text is cut off');
    this.#at += length;
    return Buffer.from(isCompressed ? decompress(bytes) : bytes).toString('latin1');
  }

  #next(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error('a number is cut off');
    return byte;
  }
}

function decompress(bytes: Uint8Array): number[] {
  const out: number[] = [];
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const symbol = symbols.get(`${length}:${code}`);
      if (symbol === undefined) continue;
      out.push(symbol);
      code = 0;
      length = 0;
    }
  }
  // What is left is padding: the most significant bits of the end-of-string code, all ones.
  return out;
}

function canonicalCodes(): Map<string, number> {
  const sorted = [...LENGTHS].map((digit, symbol) => ({ symbol, length: Number.parseInt(digit, 36) }));
  sorted.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  const codes = new Map<string, number>();
  let code = 0;
  let before = sorted[0]?.length ?? 0;
  for (const { symbol, length } of sorted) {
    code *= 2 ** (length - before);
    before = length;
    codes.set(`${length}:${code}`, symbol);
    code += 1;
  }
  return codes;
}

function literal(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([Uint8Array.from(integer(bytes.length)), bytes]);
}

function integer(value: number): number[] {
  if (value < 127) return [value];
  const bytes = [127];
  let rest = value - 127;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}
