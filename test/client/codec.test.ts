import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientFrameSchema, ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { clientTables } from '../../scripts/generate-client-tables.ts';
import { decode } from '../../src/client/codec/decode.ts';
import { encode } from '../../src/client/codec/encode.ts';
import { TABLES } from '../../src/client/codec/tables.ts';

/** Any message of a schema, as an init shape. */
function anyMessage(desc: DescMessage): fc.Arbitrary<Record<string, unknown>> {
  const members = desc.members.map((member) => {
    if (member.kind === 'oneof') {
      const cases = member.fields.map((field) =>
        anyValue(field).map((value) => [member.localName, { case: field.localName, value }] as const),
      );
      return fc.oneof(fc.constant([member.localName, { case: undefined }] as const), ...cases);
    }
    const present = anyField(member).map((value) => [member.localName, value] as const);
    return member.fieldKind === 'message' || (member.fieldKind === 'scalar' && member.presence === 1)
      ? fc.oneof(fc.constant(undefined), present)
      : present;
  });
  return fc
    .tuple(...members)
    .map((entries) => Object.fromEntries(entries.filter((entry) => entry !== undefined)));
}

function anyField(field: DescField): fc.Arbitrary<unknown> {
  if (field.fieldKind === 'list') return fc.array(anyValue(field), { maxLength: 3 });
  if (field.fieldKind === 'map') return fc.dictionary(anyText, anyValue(field), { maxKeys: 3 });
  return anyValue(field);
}

function anyValue(field: DescField): fc.Arbitrary<unknown> {
  if (field.message !== undefined) return anyMessage(field.message);
  if (field.enum !== undefined) return fc.integer({ min: -3, max: 90 });
  switch (field.scalar) {
    case ScalarType.STRING:
      return anyText;
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 20 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.UINT32:
      return fc.oneof(fc.constant(0), fc.nat(), fc.constant(0xffff_ffff));
    case ScalarType.INT32:
      return fc.integer();
    default:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  }
}

const anyText = fc.oneof(
  fc.constant(''),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constant('__proto__'),
);

/** Without the marks of the general runtime. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([key]) => key !== '$typeName' && key !== '$unknown')
    .map(([key, held]) => [key, plain(held)] as const)
    .filter(([, held]) => held !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('the codec of the SDK', () => {
  it('has the tables that the schema gives', () => {
    expect(TABLES).toEqual(clientTables());
  });

  it('reads every ServerFrame as the general runtime does', () => {
    fc.assert(
      fc.property(anyMessage(ServerFrameSchema), (init) => {
        const bytes = toBinary(ServerFrameSchema, create(ServerFrameSchema, init));
        expect(plain(decode('ServerFrame', bytes))).toEqual(plain(fromBinary(ServerFrameSchema, bytes)));
      }),
      { numRuns: 500 },
    );
  });

  it('writes every ClientFrame so that the general runtime reads what was meant', () => {
    fc.assert(
      fc.property(anyMessage(ClientFrameSchema), (init) => {
        const read = fromBinary(ClientFrameSchema, encode('ClientFrame', init));
        const meant = fromBinary(
          ClientFrameSchema,
          toBinary(ClientFrameSchema, create(ClientFrameSchema, init)),
        );
        expect(plain(read)).toEqual(plain(meant));
      }),
      { numRuns: 500 },
    );
  });

  it('passes over fields and wire types that it does not know', () => {
    const known = toBinary(ServerFrameSchema, create(ServerFrameSchema, { seq: 5 }));
    // Field 100 as a varint, field 101 as bytes, and `seq` as bytes.
    const unknown = new Uint8Array([0xa0, 0x06, 1, 0xaa, 0x06, 2, 9, 9, 0x0a, 1, 7]);
    expect(decode('ServerFrame', new Uint8Array([...unknown, ...known]))).toMatchObject({ seq: 5 });
  });

  it('refuses what is cut off or reaches beyond what encloses it', () => {
    const whole = toBinary(
      ServerFrameSchema,
      create(ServerFrameSchema, { body: { case: 'left', value: { room: 'demo', detail: 'x' } } }),
    );
    for (let length = 1; length < whole.length; length += 1) {
      expect(() => decode('ServerFrame', whole.subarray(0, length))).toThrow();
    }
    // body.left of 2 bytes, whose string claims 5.
    expect(() => decode('ServerFrame', new Uint8Array([0xa2, 1, 2, 0x0a, 5, 1, 1, 1, 1, 1]))).toThrow();
  });
});
