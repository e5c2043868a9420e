import {
  BOOL,
  FIXED32,
  type FieldShape,
  INT32,
  PACKED,
  RECORD,
  type RecordShape,
  SINT32,
  SINT64,
  TEXT,
  UINT32,
} from './record-shape.ts';
import { isText } from './utf8.ts';

/** Deepest nesting of messages that is taken; the outermost one counts. The most careful decoders stop at 100. */
export const MAX_DEPTH = 32;

/**
 * Most fields, known or not, and elements of packed lists in one record. 256 KiB of empty list elements would make
 * 131,000 objects and cost each receiver tens of milliseconds; a description for 50 people has some 600.
 */
export const MAX_VALUES = 10_000;

const MAX_FIELD_NUMBER = 0x1fffffff;

/** What is wrong with a record, and where. */
export interface RecordFault {
  /** Names of the fields down to the bad one, joined by dots; '' for the record itself. */
  readonly fieldPath: string;
  /** `signal.description.sdp: invalid UTF-8`. English, for developers; nothing of the record's content. */
  readonly detail: string;
}

/**
 * Checks encoded records against their shape in one pass, and notes the fields that have a slot. It allocates only for
 * a fault, and for a look at long texts.
 *
 * It takes only what every protobuf decoder takes and reads alike (see `check`). One checker serves any number of
 * records, one at a time; what it noted stands until the next call.
 */
export class RecordChecker {
  /** By slot. A text, bytes or message: its field number; a varint: its value; a list: how often it occurs. */
  readonly values: Float64Array;
  /** By slot. Where the content of a text, bytes or message begins and ends; lists: of the last one. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  #bytes: Uint8Array = new Uint8Array(0);
  #pos = 0;
  #values = 0;
  /** The varint read last, in two halves of 32 bits. */
  #low = 0;
  #high = 0;
  #fault = '';
  #path = '';

  constructor(slots: number) {
    this.values = new Float64Array(slots);
    this.starts = new Int32Array(slots);
    this.ends = new Int32Array(slots);
  }

  /**
   * Checks the whole of `bytes`. Refused are:
   * groups; wrong wire types on known fields; field number 0; tags, varints and lengths with more bytes than needed; a
   * varint above 64 bits, or above its field's type; a value that ends behind its message; text that is not UTF-8; a
   * singular field or a oneof that occurs twice; unknown fields in a map entry; more than MAX_DEPTH messages nested;
   * more than MAX_VALUES fields. Unknown fields are taken: the schema grows.
   */
  check(shape: RecordShape, bytes: Uint8Array): RecordFault | undefined {
    this.values.fill(0);
    this.starts.fill(0);
    this.ends.fill(0);
    this.#bytes = bytes;
    this.#pos = 0;
    this.#values = 0;
    this.#path = '';
    const good = this.#record(shape, bytes.length, 1);
    this.#bytes = EMPTY;
    if (good) return undefined;
    const fieldPath = this.#path;
    return { fieldPath, detail: fieldPath === '' ? this.#fault : `${fieldPath}: ${this.#fault}` };
  }

  #record(shape: RecordShape, end: number, depth: number): boolean {
    if (depth > MAX_DEPTH) return this.#refuse('nested too deeply');
    const bytes = this.#bytes;
    const byTag = shape.byTag;
    let seen = 0;
    while (this.#pos < end) {
      if (++this.#values > MAX_VALUES) return this.#refuse('too many fields');
      let tag = bytes[this.#pos] as number;
      if (tag < 0x80) this.#pos++;
      else {
        if (!this.#varint(end) || this.#high !== 0) return this.#refuse('invalid tag');
        tag = this.#low;
      }
      const field = tag < byTag.length ? byTag[tag] : undefined;
      if (field === undefined) {
        if (!this.#unknown(shape, tag, end)) return false;
        continue;
      }
      if ((seen & field.onceBit) !== 0) return this.#refuseTwice(field);
      seen |= field.onceBit;
      if (!this.#value(field, end, depth)) return this.#refuseIn(field.name);
    }
    return true;
  }

  #value(field: FieldShape, end: number, depth: number): boolean {
    const kind = field.kind;
    const slot = field.slot;
    if (kind > PACKED) {
      if (!this.#scalar(kind, end)) return false;
      if (slot >= 0) this.values[slot] = this.#number(kind);
      return true;
    }
    if (!this.#length(end)) return false;
    const start = this.#pos;
    const stop = start + this.#low;
    if (slot >= 0) {
      this.values[slot] = field.onceBit === 0 ? (this.values[slot] as number) + 1 : field.number;
      this.starts[slot] = start;
      this.ends[slot] = stop;
    }
    if (kind === RECORD) return this.#record(field.record as RecordShape, stop, depth + 1);
    if (kind === PACKED) {
      while (this.#pos < stop) {
        if (++this.#values > MAX_VALUES) return this.#refuse('too many fields');
        if (!this.#scalar(field.element, stop)) return false;
      }
      return true;
    }
    this.#pos = stop;
    return kind !== TEXT || isText(this.#bytes, start, stop) || this.#refuse('invalid UTF-8');
  }

  #scalar(kind: number, end: number): boolean {
    if (kind >= FIXED32) return this.#skip(kind === FIXED32 ? 4 : 8, end);
    if (!this.#varint(end)) return this.#refuse('invalid varint');
    const fits =
      kind === UINT32 || kind === SINT32
        ? this.#high === 0
        : kind === BOOL
          ? this.#high === 0 && this.#low <= 1
          : kind === INT32
            ? this.#fitsInt32()
            : true;
    return fits || this.#refuse('value out of range');
  }

  #fitsInt32(): boolean {
    return this.#high === 0 ? this.#low <= 0x7fffffff : this.#high === 0xffffffff && this.#low > 0x7fffffff;
  }

  /** The varint as a number: signed kinds by their sign; above 2^53 rounded. */
  #number(kind: number): number {
    if (kind >= FIXED32) return 0;
    if (kind === INT32) return this.#low | 0;
    const low = this.#low;
    const high = this.#high;
    if (kind !== SINT32 && kind !== SINT64) return high * 0x100000000 + low;
    // One rounding each: the lower half is exact.
    const half = low >>> 1;
    return (low & 1) === 0 ? high * 0x80000000 + half : -(high * 0x80000000 + (half + 1));
  }

  #unknown(shape: RecordShape, tag: number, end: number): boolean {
    const number = tag >>> 3;
    if (number === 0 || number > MAX_FIELD_NUMBER) return this.#refuse('invalid field number');
    const known = shape.names.get(number);
    if (known !== undefined) {
      this.#refuse('wrong wire type');
      return this.#refuseIn(known);
    }
    const good = shape.entry ? this.#refuse('unknown field in a map entry') : this.#skipUnknown(tag & 7, end);
    return good || this.#refuseIn(String(number));
  }

  #skipUnknown(wireType: number, end: number): boolean {
    switch (wireType) {
      case 0:
        return this.#varint(end) || this.#refuse('invalid varint');
      case 1:
        return this.#skip(8, end);
      case 2:
        return this.#length(end) && this.#skip(this.#low, end);
      case 5:
        return this.#skip(4, end);
      default:
        return this.#refuse(wireType === 3 || wireType === 4 ? 'group' : 'invalid wire type');
    }
  }

  #skip(length: number, end: number): boolean {
    if (length > end - this.#pos) return this.#refuse('ends behind its message');
    this.#pos += length;
    return true;
  }

  /** Reads a length that fits into the enclosing message; it is in #low. */
  #length(end: number): boolean {
    if (!this.#varint(end)) return this.#refuse('invalid length');
    return (this.#high === 0 && this.#low <= end - this.#pos) || this.#refuse('ends behind its message');
  }

  /** Reads a varint of the fewest possible bytes; false when it is longer, cut off or above 64 bits. */
  #varint(end: number): boolean {
    const bytes = this.#bytes;
    let pos = this.#pos;
    if (pos >= end) return false;
    let byte = bytes[pos++] as number;
    if (byte < 0x80) {
      this.#pos = pos;
      this.#low = byte;
      this.#high = 0;
      return true;
    }
    let low = byte & 0x7f;
    let high = 0;
    for (let size = 1; size < 10; size++) {
      if (pos >= end) return false;
      byte = bytes[pos++] as number;
      const bits = byte & 0x7f;
      if (size < 4) low |= bits << (7 * size);
      else if (size === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * size - 32);
      if (byte < 0x80) {
        this.#pos = pos;
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return byte !== 0 && (size < 9 || byte === 1);
      }
    }
    return false;
  }

  #refuse(fault: string): false {
    this.#fault = fault;
    return false;
  }

  #refuseIn(name: string): false {
    this.#path = this.#path === '' ? name : `${name}.${this.#path}`;
    return false;
  }

  #refuseTwice(field: FieldShape): false {
    this.#refuse(field.oneof === '' ? 'occurs twice' : `a second value for ${field.oneof}`);
    return this.#refuseIn(field.name);
  }
}

const EMPTY = new Uint8Array(0);
