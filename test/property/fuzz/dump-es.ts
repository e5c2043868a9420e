import { type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';

/**
 * A message as text that every decoder can make, to compare what they read:
 *
 *   message = "{" field* "}"     the fields that are set, by number
 *   field   = number ":" value ";"     one for each element of a list; an entry of a map is a message, by key
 *   value   = decimal | "x" hex (text as UTF-8, bytes) | message
 */
export function dumpEs(schema: DescMessage, message: Message): string {
  return dump(reflect(schema, message, false));
}

function dump(message: ReflectMessage): string {
  let out = '{';
  for (const field of message.sortedFields) {
    if (!message.isSet(field)) continue;
    const prefix = `${field.number}:`;
    if (field.fieldKind === 'list') {
      for (const item of message.get(field) as Iterable<unknown>) out += `${prefix}${value(field, item)};`;
    } else if (field.fieldKind === 'map') {
      const entries = [...(message.get(field) as Iterable<[string, unknown]>)].map(
        ([key, item]) => [hex(key), item] as const,
      );
      entries.sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [key, item] of entries) out += `${prefix}{1:${key};2:${value(field, item)};};`;
    } else out += `${prefix}${value(field, message.get(field))};`;
  }
  return `${out}}`;
}

function value(field: DescField, item: unknown): string {
  if (field.message !== undefined) return dump(item as ReflectMessage);
  if (field.enum !== undefined) return String(item);
  if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES)
    return hex(item as string | Uint8Array);
  return typeof item === 'boolean' ? (item ? '1' : '0') : String(item);
}

export function hex(item: string | Uint8Array): string {
  return `x${Buffer.from(item as string).toString('hex')}`;
}
