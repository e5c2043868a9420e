import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';

/*
 * How a field's value is written. Plain numbers, so that the checker's switch is a jump.
 */
export const TEXT = 1;
export const BYTES = 2;
export const RECORD = 3;
/** A packed list: a length, then values of `FieldShape.element`. */
export const PACKED = 4;
export const UINT32 = 5;
export const BOOL = 6;
/** int32 and enum: negative values have ten bytes. */
export const INT32 = 7;
/** sint32 as it is on the wire, zigzag. */
export const SINT32 = 8;
/** int64 and uint64. */
export const INT64 = 9;
/** sint64, zigzag. */
export const SINT64 = 10;
export const FIXED32 = 11;
export const FIXED64 = 12;

/** One way to write one known field: a packable list has two, with different tags. */
export interface FieldShape {
  readonly name: string;
  readonly number: number;
  readonly kind: number;
  /** PACKED: kind of the elements; else 0. */
  readonly element: number;
  /** RECORD: the shape of the value. */
  readonly record: RecordShape | undefined;
  /** One bit for each singular field and each oneof of the record; 0 for lists and maps. */
  readonly onceBit: number;
  /** Name of the oneof, or ''. */
  readonly oneof: string;
  /** Where the checker notes this field, or -1. */
  readonly slot: number;
}

/** All that the checker knows of one message type. Built once from the generated descriptor. */
export interface RecordShape {
  readonly typeName: string;
  /** By the whole tag (field number and wire type): a known field with a wrong wire type is not in here. */
  readonly byTag: (FieldShape | undefined)[];
  /** Numbers of the known fields, to tell a wrong wire type from an unknown field. */
  readonly names: Map<number, string>;
  /**
   * A map entry: it has a key and a value and never grows. Unknown fields in it are refused: upb (Python, Ruby, PHP)
   * sets such an entry aside whole, the other decoders read it.
   */
  readonly entry: boolean;
}

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_LENGTH = 2;
const WIRE_FIXED32 = 5;

const SCALAR_KINDS: Readonly<Record<ScalarType, number>> = {
  [ScalarType.DOUBLE]: FIXED64,
  [ScalarType.FLOAT]: FIXED32,
  [ScalarType.INT64]: INT64,
  [ScalarType.UINT64]: INT64,
  [ScalarType.INT32]: INT32,
  [ScalarType.FIXED64]: FIXED64,
  [ScalarType.FIXED32]: FIXED32,
  [ScalarType.BOOL]: BOOL,
  [ScalarType.STRING]: TEXT,
  [ScalarType.BYTES]: BYTES,
  [ScalarType.UINT32]: UINT32,
  [ScalarType.SFIXED32]: FIXED32,
  [ScalarType.SFIXED64]: FIXED64,
  [ScalarType.SINT32]: SINT32,
  [ScalarType.SINT64]: SINT64,
};

/**
 * Builds the shapes of `root` and of every message that it can hold.
 *
 * `slots` names the fields that the checker notes, as `package.Message.field` (a field in a oneof also as
 * `package.Message.oneof`, which gives all its members one slot). Throws on a name that is not there and on what the
 * checker does not know: groups, required fields, closed enums, strings that are not UTF-8, more than 31 singular
 * fields in a message.
 */
export function shapeOf(root: DescMessage, slots: Readonly<Record<string, number>> = {}): RecordShape {
  const shapes = new Map<string, RecordShape>();
  const noted = new Set<string>();

  function slotOf(field: DescField): number {
    const names = [`${field.parent.typeName}.${field.name}`];
    if (field.oneof !== undefined) names.push(`${field.parent.typeName}.${field.oneof.name}`);
    const name = names.find((candidate) => slots[candidate] !== undefined);
    if (name === undefined) return -1;
    noted.add(name);
    return slots[name] ?? -1;
  }

  function recordOf(desc: DescMessage): RecordShape {
    const known = shapes.get(desc.typeName);
    if (known !== undefined) return known;
    const shape: RecordShape = { typeName: desc.typeName, byTag: [], names: new Map(), entry: false };
    shapes.set(desc.typeName, shape);
    const bits = new OnceBits(desc.typeName);
    for (const field of desc.fields) addField(shape, field, bits);
    return shape;
  }

  function addField(shape: RecordShape, field: DescField, bits: OnceBits): void {
    refuseUnsupported(field);
    shape.names.set(field.number, field.name);
    const common = {
      name: field.name,
      number: field.number,
      element: 0,
      record: undefined,
      onceBit: 0,
      oneof: field.oneof?.name ?? '',
      slot: slotOf(field),
    };
    if (field.fieldKind === 'map') {
      addShape(shape, { ...common, kind: RECORD, record: entryOf(field) });
      return;
    }
    const message = field.message;
    const record = message === undefined ? undefined : recordOf(message);
    const kind = record === undefined ? kindOf(field.scalar) : RECORD;
    if (field.fieldKind !== 'list') {
      const key = field.oneof === undefined ? field.name : `oneof ${field.oneof.name}`;
      addShape(shape, { ...common, kind, record, onceBit: bits.of(key) });
      return;
    }
    addShape(shape, { ...common, kind, record });
    if (kind >= UINT32) addShape(shape, { ...common, kind: PACKED, element: kind });
  }

  function entryOf(field: DescField & { fieldKind: 'map' }): RecordShape {
    const entry: RecordShape = {
      typeName: `${field.parent.typeName}.${field.name}`,
      byTag: [],
      names: new Map([
        [1, 'key'],
        [2, 'value'],
      ]),
      entry: true,
    };
    const common = { element: 0, oneof: '', slot: -1 };
    const record = field.message === undefined ? undefined : recordOf(field.message);
    const valueKind = record === undefined ? kindOf(field.scalar) : RECORD;
    addShape(entry, {
      ...common,
      name: 'key',
      number: 1,
      kind: kindOf(field.mapKey),
      record: undefined,
      onceBit: 1,
    });
    addShape(entry, { ...common, name: 'value', number: 2, kind: valueKind, record, onceBit: 2 });
    return entry;
  }

  const shape = recordOf(root);
  const missing = Object.keys(slots).filter((name) => !noted.has(name));
  if (missing.length > 0) throw new Error(`not in the schema: ${missing.join(', ')}`);
  for (const built of shapes.values()) fillHoles(built.byTag);
  return shape;
}

/** Gives each singular field and each oneof of one message a bit of its own. */
class OnceBits {
  readonly #typeName: string;
  readonly #bits = new Map<string, number>();

  constructor(typeName: string) {
    this.#typeName = typeName;
  }

  of(key: string): number {
    const known = this.#bits.get(key);
    if (known !== undefined) return known;
    if (this.#bits.size === 31) throw new Error(`${this.#typeName} has more than 31 singular fields`);
    const bit = 1 << this.#bits.size;
    this.#bits.set(key, bit);
    return bit;
  }
}

function refuseUnsupported(field: DescField): void {
  const where = `${field.parent.typeName}.${field.name}`;
  if (field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED)
    throw new Error(`${where} is required: proto3 only`);
  if ('delimitedEncoding' in field && field.delimitedEncoding) throw new Error(`${where} is a group`);
  if (field.enum !== undefined && !field.enum.open) throw new Error(`${where} is a closed enum`);
  if ('utf8Validation' in field && field.utf8Validation === false && field.scalar === ScalarType.STRING) {
    throw new Error(`${where} is a string that need not be UTF-8`);
  }
}

/** Enums are int32 on the wire. */
function kindOf(scalar: ScalarType | undefined): number {
  return scalar === undefined ? INT32 : SCALAR_KINDS[scalar];
}

function addShape(shape: RecordShape, field: FieldShape): void {
  shape.byTag[field.number * 8 + wireTypeOf(field.kind)] = field;
}

function wireTypeOf(kind: number): number {
  if (kind <= PACKED) return WIRE_LENGTH;
  if (kind === FIXED32) return WIRE_FIXED32;
  return kind === FIXED64 ? WIRE_FIXED64 : WIRE_VARINT;
}

/** An array without holes is read faster. */
function fillHoles(byTag: (FieldShape | undefined)[]): void {
  for (let tag = 0; tag < byTag.length; tag++) byTag[tag] ??= undefined;
}
