import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { hex } from './dump-es.ts';

/** The schema as protobufjs reads it from the .proto files. */
export function loadProtobufjs(directory: string): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_, target) => (target.startsWith('google/') ? target : join(directory, target));
  const folder = 'signalbox/v1';
  const files = readdirSync(join(directory, folder)).filter((name) => name.endsWith('.proto'));
  root.loadSync(
    files.map((name) => `${folder}/${name}`),
    { keepCase: true },
  );
  root.resolveAll();
  return root;
}

/** As `dumpEs`, of a message that protobufjs decoded. */
export function dumpProtobufjs(type: protobuf.Type, message: Record<string, unknown>): string {
  let out = '{';
  const fields = [...type.fieldsArray].sort((a, b) => a.id - b.id);
  for (const field of fields) {
    if (!Object.hasOwn(message, field.name)) continue;
    const item = message[field.name];
    if (item === null || item === undefined) continue;
    if (field instanceof protobuf.MapField) {
      const entries = Object.entries(item).map(([key, entry]) => [hex(key), entry] as const);
      entries.sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [key, entry] of entries) out += `${field.id}:{1:${key};2:${value(field, entry)};};`;
    } else if (field.repeated) {
      for (const element of item as unknown[]) out += `${field.id}:${value(field, element)};`;
    } else if (field.hasPresence || !isDefault(item)) out += `${field.id}:${value(field, item)};`;
  }
  return `${out}}`;
}

function isDefault(item: unknown): boolean {
  if (item instanceof Uint8Array) return item.length === 0;
  return item === '' || item === false || (typeof item !== 'string' && String(item) === '0');
}

function value(field: protobuf.Field, item: unknown): string {
  if (field.resolvedType instanceof protobuf.Type) {
    return dumpProtobufjs(field.resolvedType, item as Record<string, unknown>);
  }
  if (typeof item === 'string' || item instanceof Uint8Array) return hex(item);
  return typeof item === 'boolean' ? (item ? '1' : '0') : String(item);
}
