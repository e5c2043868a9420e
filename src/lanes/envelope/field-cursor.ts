/** Walks over the fields of one encoded message, without decoding them. Groups and cut-off fields are malformed. */
export class FieldCursor {
  readonly #bytes: Uint8Array;
  #position = 0;

  /** Field number and wire type of the current field. */
  number = 0;
  wireType = 0;
  /** Value of a varint field, modulo 2^32. */
  varint = 0;
  /** The current field's bytes, for length-delimited fields: `start` to `end`. */
  start = 0;
  end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes of a length-delimited field: a view. */
  get value(): Uint8Array {
    return this.#bytes.subarray(this.start, this.end);
  }

  next(): 'field' | 'end' | 'malformed' {
    if (this.#position === this.#bytes.byteLength) return 'end';
    if (!this.#readVarint()) return 'malformed';
    this.wireType = this.varint & 7;
    this.number = this.varint >>> 3;
    return this.number !== 0 && this.#readValue() ? 'field' : 'malformed';
  }

  #readValue(): boolean {
    switch (this.wireType) {
      case 0:
        return this.#readVarint();
      case 1:
        return this.#skip(8);
      case 2:
        return this.#readVarint() && this.#skip(this.varint);
      case 5:
        return this.#skip(4);
      default:
        return false;
    }
  }

  #skip(length: number): boolean {
    this.start = this.#position;
    this.end = this.start + length;
    this.#position = this.end;
    return this.end <= this.#bytes.byteLength;
  }

  #readVarint(): boolean {
    let value = 0;
    for (let count = 0; count < 10; count++) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) return false;
      this.#position++;
      if (count < 5) value = (value | ((byte & 0x7f) << (7 * count))) >>> 0;
      if (byte < 0x80) {
        this.varint = value;
        return true;
      }
    }
    return false;
  }
}
