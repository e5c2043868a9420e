import type { DescField } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  appleMembers,
  camelCase,
  pascalCase,
  rpcWords,
  snakeCase,
  standardTypes,
  swiftNestedTypes,
  swiftStandardTypes,
} from './reserved-words.ts';
import { camel, enums, fieldName, fields, files, messages, pascal, services } from './schema.ts';

function met(spell: (field: DescField) => string, words: ReadonlySet<string>): string[] {
  return fields.filter((field) => words.has(spell(field))).map(fieldName);
}

describe('names of fields', () => {
  it.each(Object.entries(snakeCase))('are no words of %s', (_, words) => {
    expect(met((field) => field.name, words)).toEqual([]);
  });

  it.each(Object.entries(camelCase))('are no words of %s', (_, words) => {
    expect(met((field) => camel(field.name), words)).toEqual([]);
  });

  it.each(Object.entries(pascalCase))('are no words of %s', (_, words) => {
    expect(met((field) => pascal(field.name), words)).toEqual([]);
  });

  it('are renamed by Swift and Objective-C in one place, which is known: description_p', () => {
    expect(met((field) => camel(field.name), appleMembers)).toEqual(['signalbox.v1.Signal.description']);
  });

  it('are not the name of their message, which C# refuses', () => {
    expect(fields.filter((field) => pascal(field.name) === field.parent.name).map(fieldName)).toEqual([]);
  });

  it('do not meet in one message, whatever the spelling', () => {
    for (const message of messages) {
      const names = [...message.fields, ...message.oneofs.filter((oneof) => oneof.fields.length > 1)];
      const spelled = names.map((name) => camel(name.name).toLowerCase());
      expect(spelled, message.typeName).toHaveLength(new Set(spelled).size);
    }
  });

  it('would be found: the lists hold the traps that were met', () => {
    expect(snakeCase.Python).toContain('from');
    expect(snakeCase['C++']).toContain('xor');
    expect(camelCase.Kotlin).toContain('when');
    expect(camelCase.Swift).toContain('repeat');
    expect(camelCase.Java).toContain('class');
    expect(snakeCase.Rust).toContain('type');
    expect(snakeCase.Ruby).toContain('hash');
  });
});

describe('names of messages and enums', () => {
  const top = [...files.flatMap((file) => file.messages), ...files.flatMap((file) => file.enums)];

  it.each(Object.entries(standardTypes))('hide no standard type of %s', (language, names) => {
    const hidden = top.map((type) => type.name).filter((name) => names.has(name));
    // Ruby generates into the module Signalbox::V1, where `::Signal` stays in reach; the name is the schema's central
    // one.
    const known = language === 'Ruby' ? ['Signal'] : [];
    expect(hidden).toEqual(known);
  });

  it('hide no standard type of Swift, where their prefix stands before them', () => {
    expect(top.map((type) => `Signalbox${type.name}`).filter((name) => swiftStandardTypes.has(name))).toEqual(
      [],
    );
  });

  it('are renamed inside a message by Swift in one place, which is known: TypeEnum', () => {
    const nested = [
      ...messages.flatMap((message) => message.nestedMessages),
      ...enums.filter((type) => type.parent),
    ];
    const met = nested.filter((type) => swiftNestedTypes.has(type.name)).map((type) => type.typeName);
    expect(met).toEqual(['signalbox.v1.SessionDescription.Type']);
  });

  it('begin with a capital and have no underscore', () => {
    for (const type of [...messages, ...enums]) expect(type.name).toMatch(/^[A-Z][A-Za-z0-9]*$/);
  });
});

describe('names of rpcs', () => {
  it('are no methods that a client object has already', () => {
    const names = services.flatMap((service) => service.methods.map((method) => method.name));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => rpcWords.has(name))).toEqual([]);
  });
});
