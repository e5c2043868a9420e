import { TABLES } from './tables.ts';

export type MessageName = keyof typeof TABLES;

/** Scalars that the schema uses. Enums are int32. */
export type Scalar = 'string' | 'bytes' | 'bool' | 'uint32' | 'int32' | 'int64' | 'sint64';

/** One field of a message. */
export interface Field {
  readonly number: number;
  readonly name: string;
  readonly type: { readonly scalar: Scalar } | { readonly message: MessageName };
  /** 'optional' has presence of its own; 'map' is from string. */
  readonly shape: 'single' | 'optional' | 'list' | 'map';
  /** Name of the oneof that it is a member of. */
  readonly oneof: string | undefined;
}

/** The fields of one message. */
export interface Fields {
  readonly all: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
}

const SHAPES: Readonly<Record<string, Field['shape']>> = { '*': 'list', '%': 'map', '?': 'optional' };
const parsed = new Map<MessageName, Fields>();

/** The fields of a message; its table is read once. */
export function fieldsOf(message: MessageName): Fields {
  const known = parsed.get(message);
  if (known !== undefined) return known;
  const all = TABLES[message].split(' ').map(fieldFrom);
  const fields = { all, byNumber: new Map(all.map((field) => [field.number, field])) };
  parsed.set(message, fields);
  return fields;
}

function fieldFrom(column: string): Field {
  const [number = '', name = '', typeAndOneof = ''] = column.split(':');
  const [, type = '', mark = '', oneof] = /^(\w+)([*%?]?)(?:@(\w+))?$/.exec(typeAndOneof) ?? [];
  return {
    number: Number(number),
    name,
    type: isMessage(type) ? { message: type } : { scalar: type as Scalar },
    shape: SHAPES[mark] ?? 'single',
    oneof,
  };
}

function isMessage(type: string): type is MessageName {
  return type in TABLES;
}
