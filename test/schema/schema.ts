import type { DescEnum, DescField, DescFile, DescMessage, DescService } from '@bufbuild/protobuf';
import { file_signalbox_v1_cluster_service } from '../../gen/signalbox/v1/cluster_service_pb.ts';
import { file_signalbox_v1_room_service } from '../../gen/signalbox/v1/room_service_pb.ts';
import { file_signalbox_v1_signaling_service } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { file_signalbox_v1_token_service } from '../../gen/signalbox/v1/token_service_pb.ts';

/** Every file of the schema, found by the imports of the services; a test compares them with proto/. */
export const files: readonly DescFile[] = withImports([
  file_signalbox_v1_signaling_service,
  file_signalbox_v1_room_service,
  file_signalbox_v1_token_service,
  file_signalbox_v1_cluster_service,
]).filter((file) => file.proto.package === 'signalbox.v1');

export const messages: readonly DescMessage[] = files.flatMap((file) => file.messages.flatMap(withNested));
export const enums: readonly DescEnum[] = [
  ...files.flatMap((file) => file.enums),
  ...messages.flatMap((message) => message.nestedEnums),
];
export const fields: readonly DescField[] = messages.flatMap((message) => message.fields);
export const services: readonly DescService[] = files.flatMap((file) => file.services);

/** The message and all that it can hold, in the order of their discovery. */
export function reachable(root: DescMessage): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (message: DescMessage) => {
    if (seen.has(message.typeName)) return;
    seen.add(message.typeName);
    for (const field of message.fields) if (field.message !== undefined) visit(field.message);
  };
  visit(root);
  return seen;
}

export function fieldName(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}

export function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

export function pascal(name: string): string {
  return camel(`_${name}`);
}

function withImports(roots: readonly DescFile[]): DescFile[] {
  const found = new Map<string, DescFile>();
  const visit = (file: DescFile) => {
    if (found.has(file.name)) return;
    found.set(file.name, file);
    for (const dependency of file.dependencies) visit(dependency);
  };
  for (const root of roots) visit(root);
  return [...found.values()];
}

function withNested(message: DescMessage): DescMessage[] {
  return [message, ...message.nestedMessages.flatMap(withNested)];
}
