import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Field, MessageName, Scalar } from './fields.ts';
import { fieldsOf } from './fields.ts';
import type { Readable } from './messages.ts';

type Value = unknown;
type Plain = Record<string, Value>;

/** Reads a message. Unknown fields are skipped, bytes are views of what was given. Throws when it cannot be parsed. */
export function decode<Name extends keyof Readable & MessageName>(
  name: Name,
  bytes: Uint8Array,
): Readable[Name] {
  return message(name, new BinaryReader(bytes), bytes.length) as Readable[Name];
}

function message(name: MessageName, reader: BinaryReader, end: number): Plain {
  const { all, byNumber } = fieldsOf(name);
  const plain: Plain = {};
  for (const field of all) initialise(plain, field);
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = byNumber.get(number);
    if (field === undefined || !take(plain, field, wireType, reader)) reader.skip(wireType, number);
  }
  if (reader.pos !== end) throw new RangeError(`${name} reaches beyond what encloses it`);
  return plain;
}

function initialise(plain: Plain, { name, type, shape, oneof }: Field): void {
  if (oneof !== undefined) plain[oneof] ??= { case: undefined, value: undefined };
  else if (shape === 'list') plain[name] = [];
  else if (shape === 'map') plain[name] = {};
  else if (shape === 'single' && 'scalar' in type) plain[name] = zero(type.scalar);
}

/** False for a wire type that is not the field's: it is skipped as if unknown. */
function take(plain: Plain, field: Field, wireType: WireType, reader: BinaryReader): boolean {
  const { name, type, shape, oneof } = field;
  const delimited =
    'message' in type || shape === 'map' || wireTypeOf(type.scalar) === WireType.LengthDelimited;
  if (shape === 'list' && !delimited && wireType === WireType.LengthDelimited) {
    const end = reader.uint32() + reader.pos;
    while (reader.pos < end) (plain[name] as Value[]).push(value(field, reader));
    return true;
  }
  if (wireType !== (delimited ? WireType.LengthDelimited : WireType.Varint)) return false;
  if (shape === 'list') (plain[name] as Value[]).push(value(field, reader));
  else if (shape === 'map') entry(plain[name] as Plain, field, reader);
  else if (oneof !== undefined) plain[oneof] = { case: name, value: value(field, reader) };
  else plain[name] = value(field, reader);
  return true;
}

function value({ type }: Field, reader: BinaryReader): Value {
  if ('scalar' in type) return reader[type.scalar]();
  const length = reader.uint32();
  return message(type.message, reader, reader.pos + length);
}

/** A map's entry is a message of key (1) and value (2). */
function entry(map: Plain, field: Field, reader: BinaryReader): void {
  const end = reader.uint32() + reader.pos;
  let key = '';
  let found: Value = 'scalar' in field.type ? zero(field.type.scalar) : undefined;
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    if (number === 1) key = reader.string();
    else if (number === 2) found = value(field, reader);
    else reader.skip(wireType, number);
  }
  // `__proto__` is a key as any other.
  Object.defineProperty(map, key, { value: found, enumerable: true, configurable: true, writable: true });
}

export function wireTypeOf(scalar: Scalar): WireType {
  return scalar === 'string' || scalar === 'bytes' ? WireType.LengthDelimited : WireType.Varint;
}

export function zero(scalar: Scalar): Value {
  switch (scalar) {
    case 'string':
      return '';
    case 'bytes':
      return new Uint8Array();
    case 'bool':
      return false;
    case 'int64':
    case 'sint64':
      return 0n;
    default:
      return 0;
  }
}
