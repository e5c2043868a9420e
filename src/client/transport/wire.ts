import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { decode } from '../codec/decode.ts';
import type { ServerFrame } from '../codec/messages.ts';

/** Number of the field `frame` in ConnectRequest and ConnectResponse. */
const FRAME = 1;
/** Number of the field `ack` in ClientFrame. */
const ACK = 2;

/**
 * An encoded ClientFrame with the acknowledgement of the moment. Frames are kept without one: their own bytes never
 * change, and an acknowledgement of an earlier epoch is never sent again.
 */
export function acknowledging(frame: Uint8Array | undefined, ack: number): Uint8Array {
  if (ack === 0) return frame ?? new Uint8Array();
  const writer = new BinaryWriter().tag(ACK, WireType.Varint).uint32(ack);
  if (frame !== undefined) writer.raw(frame);
  return writer.finish();
}

/** The bytes of a ConnectRequest around an encoded ClientFrame. */
export function connectRequest(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  return new BinaryWriter().tag(FRAME, WireType.LengthDelimited).bytes(frame).finish();
}

/** The frame of an encoded ConnectResponse. Throws when it cannot be parsed. */
export function frameOfResponse(bytes: Uint8Array): ServerFrame {
  const reader = new BinaryReader(bytes);
  let frame: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === FRAME && type === WireType.LengthDelimited) frame = reader.bytes();
    else reader.skip(type, field);
  }
  return decode('ServerFrame', frame);
}
