import { create, toBinary } from '@bufbuild/protobuf';
import {
  AnySchema,
  BoolValueSchema,
  DoubleValueSchema,
  DurationSchema,
  FieldDescriptorProtoSchema,
  FloatValueSchema,
  Int32ValueSchema,
  Int64ValueSchema,
  ListValueSchema,
  StructSchema,
  UInt64ValueSchema,
  ValueSchema,
} from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { ClientFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { MAX_DEPTH, RecordChecker } from '../../../src/core/wire/record-checker.ts';
import { shapeOf } from '../../../src/core/wire/record-shape.ts';
import { join, lengthField, tag, varintField } from './bytes.ts';

const check = (schema: Parameters<typeof shapeOf>[0], bytes: Uint8Array) =>
  new RecordChecker(0).check(shapeOf(schema), bytes)?.detail;

/** Value { list_value { values: [Value …] } }, `depth` messages in all. */
function nested(depth: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0);
  for (let level = depth; level > 1; level--) bytes = lengthField(level % 2 === 0 ? 6 : 1, bytes);
  return bytes;
}

describe('the record checker', () => {
  it('takes messages nested 32 deep, and not 33', () => {
    expect(check(ValueSchema, nested(MAX_DEPTH))).toBeUndefined();
    expect(check(ValueSchema, nested(MAX_DEPTH + 1))).toMatch(/: nested too deeply$/);
  });

  it('takes maps of messages', () => {
    const value = create(StructSchema, { fields: { a: { kind: { case: 'numberValue', value: 1.5 } } } });
    expect(check(StructSchema, toBinary(StructSchema, value))).toBeUndefined();
  });

  it.each([
    ['double', DoubleValueSchema, join(tag(1, 1), [0, 0, 0, 0, 0, 0, 248, 127])],
    ['float', FloatValueSchema, join(tag(1, 5), [0, 0, 192, 127])],
    ['int64', Int64ValueSchema, varintField(1, -1)],
    ['uint64', UInt64ValueSchema, varintField(1, 2n ** 64n - 1n)],
    ['int32', Int32ValueSchema, varintField(1, -1)],
    ['bool', BoolValueSchema, varintField(1, 1)],
    ['a timestamp-like pair', DurationSchema, join(varintField(1, 2n ** 62n), varintField(2, -5))],
    ['bytes', AnySchema, lengthField(2, [255])],
  ] as const)('takes %s', (_, schema, bytes) => {
    expect(check(schema, bytes)).toBeUndefined();
  });

  it.each([
    ['a double of 7 bytes', DoubleValueSchema, join(tag(1, 1), new Array<number>(7).fill(0))],
    ['a float as a double', FloatValueSchema, join(tag(1, 1), new Array<number>(8).fill(0))],
    ['int32 above 2^31 - 1', Int32ValueSchema, varintField(1, 2 ** 31)],
    ['a negative int32 of five bytes', Int32ValueSchema, varintField(1, 0xffffffff)],
    ['a list element outside its message', ListValueSchema, join(tag(1, 2), [2, 8])],
  ] as const)('refuses %s', (_, schema, bytes) => {
    expect(check(schema, bytes)).toBeDefined();
  });
});

describe('the table of shapes', () => {
  it('refuses a schema with closed enums', () => {
    expect(() => shapeOf(FieldDescriptorProtoSchema)).toThrow(/closed enum|required|group|UTF-8/);
  });

  it('refuses a slot for a field that does not exist', () => {
    expect(() => shapeOf(ClientFrameSchema, { 'signalbox.v1.Signal.sender': 0 })).toThrow(
      'not in the schema: signalbox.v1.Signal.sender',
    );
  });

  it('knows every field of every message that a client can write', () => {
    const seen = new Set<string>();
    const visit = (schema: Parameters<typeof shapeOf>[0], shape = shapeOf(schema)) => {
      if (seen.has(schema.typeName)) return;
      seen.add(schema.typeName);
      expect([...shape.names.values()].sort()).toEqual(schema.fields.map((field) => field.name).sort());
      for (const field of schema.fields) {
        const tags = shape.byTag.filter((known) => known?.number === field.number);
        const packable =
          field.fieldKind === 'list' &&
          (field.listKind === 'enum' || (field.listKind === 'scalar' && ![9, 12].includes(field.scalar)));
        expect(tags, `${schema.typeName}.${field.name}`).toHaveLength(packable ? 2 : 1);
        if (field.message !== undefined) visit(field.message);
      }
    };
    visit(ClientFrameSchema);
    expect(seen.size).toBeGreaterThan(20);
  });
});
