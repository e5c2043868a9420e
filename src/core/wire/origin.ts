import { Buffer } from 'node:buffer';
import type { Slab } from './slab.ts';
import { varintSize, writeVarint, writeZigzag, zigzagSize } from './varint.ts';

/*
 * Tags of Origin's fields, and of ServerFrame.origin. A test compares what is written here with the generated encoder.
 */
const SENDER = (1 << 3) | 2;
const SENDER_SEQ = 2 << 3;
const IDENTITY = (3 << 3) | 2;
const NAME = (4 << 3) | 2;
const ACCEPTED_AT_MS = 5 << 3;
const OFFSET = 6 << 3;
const VERSION = 7 << 3;
const TOTAL = 8 << 3;
const ORIGIN = (9 << 3) | 2;

const nothing = new Uint8Array(0);

/** The part of an `Origin` that stays the same for one sender, encoded once. */
export class OriginTemplate {
  /** @internal */
  readonly sender: Uint8Array;
  /** @internal */
  readonly names: Uint8Array;

  /**
   * @param sender participant id; '' for a backend
   * @param identity with DataMessage only; else ''
   * @param name display name, with DataMessage only; else ''
   */
  constructor(sender: string, identity = '', name = '') {
    this.sender = textField(SENDER, sender);
    // Of signals, of which there is one for each session in a room.
    const isNameless = identity === '' && name === '';
    this.names = isNameless ? nothing : Buffer.concat([textField(IDENTITY, identity), textField(NAME, name)]);
  }
}

/** The part of an `Origin` that is new with each record. Zero and absent are the same: the field is not written. */
export interface Stamp {
  /** ClientFrame.seq of the sender. */
  readonly senderSeq: number;
  /** Milliseconds since 1970 UTC, an integer. */
  readonly acceptedAtMs: number;
  /** RELIABLE to a room: position in the room log. */
  readonly offset?: number;
  /** LATEST and COUNTED: version in the keyed table. */
  readonly version?: number;
  /** COUNTED: the total, a safe integer. */
  readonly total?: number;
}

/**
 * The body of a `ServerFrame` that relays a record: the record as it is, and the gateway's `Origin` behind it. `seq`
 * and `ack` go in front of it (`writeFrameHead`).
 *
 * @param record body of the sender's frame with its tag and length: `FrameScan.recordStart` to `bodyEnd`. It is copied.
 * @param slab where the memory comes from; absent: an array of its own, for what is kept long
 */
export function encodeRelayed(
  record: Uint8Array,
  template: OriginTemplate,
  stamp: Stamp,
  slab?: Slab,
): Uint8Array {
  const size = originSize(template, stamp);
  const start = record.length + 1 + varintSize(size);
  const out = slab === undefined ? new Uint8Array(start + size) : slab.take(start + size);
  out.set(record, 0);
  out[record.length] = ORIGIN;
  writeVarint(out, record.length + 1, size);
  writeOrigin(out, start, template, stamp);
  return out;
}

/** Bytes of an encoded `Origin`. */
export function originSize(template: OriginTemplate, stamp: Stamp): number {
  return (
    template.sender.length +
    numberSize(stamp.senderSeq) +
    template.names.length +
    numberSize(stamp.acceptedAtMs) +
    numberSize(stamp.offset ?? 0) +
    numberSize(stamp.version ?? 0) +
    (stamp.total ? 1 + zigzagSize(stamp.total) : 0)
  );
}

/** Writes an `Origin` without tag and length, in the order of its fields; returns the position behind it. */
export function writeOrigin(
  out: Uint8Array,
  position: number,
  template: OriginTemplate,
  stamp: Stamp,
): number {
  let at = writeBytes(out, position, template.sender);
  at = writeNumber(out, at, SENDER_SEQ, stamp.senderSeq);
  at = writeBytes(out, at, template.names);
  at = writeNumber(out, at, ACCEPTED_AT_MS, stamp.acceptedAtMs);
  at = writeNumber(out, at, OFFSET, stamp.offset ?? 0);
  at = writeNumber(out, at, VERSION, stamp.version ?? 0);
  if (!stamp.total) return at;
  out[at] = TOTAL;
  return writeZigzag(out, at + 1, stamp.total);
}

function textField(tag: number, text: string): Uint8Array {
  if (text === '') return nothing;
  const bytes = Buffer.from(text, 'utf8');
  const out = new Uint8Array(1 + varintSize(bytes.length) + bytes.length);
  out[0] = tag;
  out.set(bytes, writeVarint(out, 1, bytes.length));
  return out;
}

function numberSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}

function writeNumber(out: Uint8Array, position: number, tag: number, value: number): number {
  if (value === 0) return position;
  out[position] = tag;
  return writeVarint(out, position + 1, value);
}

/** For the few bytes of an id, a loop is cheaper than `set`. */
function writeBytes(out: Uint8Array, position: number, bytes: Uint8Array): number {
  if (bytes.length > 64) out.set(bytes, position);
  else for (let at = 0; at < bytes.length; at++) out[position + at] = bytes[at] as number;
  return position + bytes.length;
}
