import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { wireTypeOf, zero } from './decode.ts';
import type { Field, MessageName } from './fields.ts';
import { fieldsOf } from './fields.ts';
import type { Writable } from './messages.ts';

type Plain = Readonly<Record<string, unknown>>;

/** Writes a message. Throws for a value that its field cannot hold. */
export function encode<Name extends keyof Writable & MessageName>(
  name: Name,
  plain: Writable[Name],
): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  message(writer, name, plain as Plain);
  return writer.finish();
}

function message(writer: BinaryWriter, name: MessageName, plain: Plain): void {
  for (const field of fieldsOf(name).all) {
    if (field.oneof === undefined) put(writer, field, plain[field.name]);
    else {
      const chosen = plain[field.oneof] as { case?: string; value?: unknown } | undefined;
      if (chosen?.case === field.name) one(writer, field, chosen.value);
    }
  }
}

function put(writer: BinaryWriter, field: Field, value: unknown): void {
  if (value === undefined) return;
  if (field.shape === 'list') list(writer, field, value as readonly unknown[]);
  else if (field.shape === 'map') map(writer, field, value as Plain);
  else if (field.shape === 'optional' || 'message' in field.type || !isZero(field.type.scalar, value)) {
    one(writer, field, value);
  }
}

/** A map's entry is a message of key (1) and value (2). */
function map(writer: BinaryWriter, field: Field, entries: Plain): void {
  for (const [key, value] of Object.entries(entries)) {
    writer.tag(field.number, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(key);
    one(writer, { ...field, number: 2 }, value);
    writer.join();
  }
}

function list(writer: BinaryWriter, field: Field, values: readonly unknown[]): void {
  const { type, number } = field;
  if (values.length === 0) return;
  if ('message' in type || wireTypeOf(type.scalar) === WireType.LengthDelimited) {
    for (const value of values) one(writer, field, value);
    return;
  }
  writer.tag(number, WireType.LengthDelimited).fork();
  for (const value of values) writer[type.scalar](value as never);
  writer.join();
}

function one(writer: BinaryWriter, { number, type }: Field, value: unknown): void {
  if ('scalar' in type) {
    writer.tag(number, wireTypeOf(type.scalar));
    writer[type.scalar](value as never);
  } else {
    writer.tag(number, WireType.LengthDelimited).fork();
    message(writer, type.message, value as Plain);
    writer.join();
  }
}

function isZero(scalar: Parameters<typeof zero>[0], value: unknown): boolean {
  return scalar === 'bytes' ? (value as Uint8Array).length === 0 : value === zero(scalar);
}
