import {
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** The schema of some services, all that their files import included, found by name. */
export class SchemaIndex {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();
  readonly #encoded = new Map<DescFile, Uint8Array>();

  constructor(services: readonly DescService[]) {
    for (const service of services) this.#addFile(service.file);
  }

  /** By name as imports write it, e.g. `google/protobuf/timestamp.proto`. */
  file(name: string): DescFile | undefined {
    return this.#files.get(name);
  }

  /** The file that declares a service, method, message, enum, field or enum value, by full name. */
  fileOfSymbol(name: string): DescFile | undefined {
    return this.#symbols.get(name);
  }

  fileOfExtension(message: string, number: number): DescFile | undefined {
    return this.#extensions.get(message)?.get(number);
  }

  /** Numbers of the known extensions of a message; undefined for a message that is not known. */
  extensionNumbers(message: string): readonly number[] | undefined {
    const numbers = this.#extensions.get(message)?.keys() ?? [];
    return this.#symbols.has(message) ? [...numbers] : undefined;
  }

  /**
   * A file and all that it imports, each once, each an encoded FileDescriptorProto. The file itself comes first, and every
   * file before those that it imports. Each is encoded once: whoever asks is not known, and may ask often.
   */
  withImports(file: DescFile): Uint8Array[] {
    const visited = new Set<DescFile>();
    const importsFirst: DescFile[] = [];
    const visit = (next: DescFile): void => {
      if (visited.has(next)) return;
      visited.add(next);
      next.dependencies.forEach(visit);
      importsFirst.push(next);
    };
    visit(file);
    return importsFirst.reverse().map((one) => this.#encode(one));
  }

  #encode(file: DescFile): Uint8Array {
    const known = this.#encoded.get(file);
    if (known !== undefined) return known;
    const encoded = toBinary(FileDescriptorProtoSchema, file.proto);
    this.#encoded.set(file, encoded);
    return encoded;
  }

  #addFile(file: DescFile): void {
    if (this.#files.has(file.proto.name)) return;
    this.#files.set(file.proto.name, file);
    for (const dependency of file.dependencies) this.#addFile(dependency);
    for (const message of file.messages) this.#addMessage(message);
    for (const { typeName, values, parent } of file.enums) {
      this.#symbols.set(typeName, file);
      const scope = parent?.typeName ?? file.proto.package;
      for (const value of values) this.#symbols.set(`${scope}.${value.name}`, file);
    }
    for (const extension of file.extensions) this.#addExtension(extension);
    for (const service of file.services) {
      this.#symbols.set(service.typeName, file);
      for (const method of service.methods) this.#symbols.set(`${service.typeName}.${method.name}`, file);
    }
  }

  #addMessage(message: DescMessage): void {
    const { file, typeName } = message;
    this.#symbols.set(typeName, file);
    for (const field of message.fields) this.#symbols.set(`${typeName}.${field.name}`, file);
    for (const oneof of message.oneofs) this.#symbols.set(`${typeName}.${oneof.name}`, file);
    for (const nested of message.nestedMessages) this.#addMessage(nested);
    for (const nested of message.nestedEnums) {
      this.#symbols.set(nested.typeName, file);
      for (const value of nested.values) this.#symbols.set(`${typeName}.${value.name}`, file);
    }
    for (const extension of message.nestedExtensions) this.#addExtension(extension);
  }

  #addExtension(extension: DescExtension): void {
    this.#symbols.set(extension.typeName, extension.file);
    const extendee = extension.extendee.typeName;
    const known = this.#extensions.get(extendee) ?? new Map<number, DescFile>();
    this.#extensions.set(extendee, known.set(extension.number, extension.file));
  }
}
