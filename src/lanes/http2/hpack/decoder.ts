import { BlockReader } from './block-reader.ts';
import { DynamicTable, ENTRY_OVERHEAD } from './dynamic-table.ts';
import { HpackError } from './hpack-error.ts';
import { type Entry, STATIC_ENTRIES, STATIC_TABLE } from './static-table.ts';

export interface HpackLimits {
  /**
   * The largest dynamic table that the peer may ask for, in octets: SETTINGS_HEADER_TABLE_SIZE as it was announced. A table has
   * 4,096 octets until the peer says otherwise (RFC 9113, section 6.5.2).
   */
  readonly tableBytes: number;
  /** Octets of the names and values of one block, with 32 for each field (RFC 9113, section 6.5.2). */
  readonly listBytes: number;
  /** Fields of one block. */
  readonly fields: number;
}

/**
 * Names and values in turn, in their order, as Node's `rawHeaders`: Latin-1 texts that nothing but their coding was checked of.
 * `too-large`: beyond a limit; the next block can be decoded all the same.
 */
export type DecodedFields = readonly string[] | 'too-large';

const INITIAL_TABLE_BYTES = 4_096;

/** Decodes the header blocks of one connection, in their order (RFC 7541). */
export class HpackDecoder {
  readonly #limits: HpackLimits;
  /** Most connections never need one: made when the peer keeps its first entry. */
  #table: DynamicTable | undefined;

  constructor(limits: HpackLimits) {
    this.#limits = limits;
  }

  /**
   * Decodes one whole block: of HEADERS and of all its CONTINUATION frames.
   *
   * @throws HpackError The connection cannot go on: COMPRESSION_ERROR.
   */
  decode(block: Uint8Array): DecodedFields {
    const reader = new BlockReader(block);
    let first = reader.peek();
    for (; first >= 0x20 && first < 0x40; first = reader.peek()) this.#resize(reader.integer(0x1f));
    const list = new FieldList(this.#limits);
    for (; first >= 0; first = reader.peek()) {
      if (first >= 0x80) list.add(this.#entry(reader.integer(0x7f)));
      else if (first >= 0x40) this.#literal(reader, reader.integer(0x3f), list, this.#ownTable());
      else if (first < 0x20) this.#literal(reader, reader.integer(0x0f), list, undefined);
      else throw new HpackError('a size update behind a field');
    }
    return list.fields;
  }

  /** Reads a field whose value, and with a `nameIndex` of 0 whose name, are in the block. With a table it is kept there. */
  #literal(reader: BlockReader, nameIndex: number, list: FieldList, table: DynamicTable | undefined): void {
    // Nothing is built that is too long for both.
    const most = Math.max(list.room, table?.limit ?? 0) - ENTRY_OVERHEAD;
    let name: string | undefined;
    if (nameIndex > 0) {
      name = this.#entry(nameIndex).name;
      reader.textLength = name.length;
    } else name = reader.text(most);
    const nameLength = reader.textLength;
    const value = reader.text(most - nameLength);
    if (name === undefined || value === undefined) {
      list.overflow();
      table?.clear();
      return;
    }
    const entry = { name, value };
    list.add(entry);
    table?.add(entry);
  }

  #entry(index: number): Entry {
    const entry = index <= STATIC_ENTRIES ? STATIC_TABLE[index] : this.#table?.at(index - STATIC_ENTRIES);
    if (entry === undefined) throw new HpackError(`no entry ${index}`);
    return entry;
  }

  #resize(bytes: number): void {
    if (bytes > this.#limits.tableBytes) throw new HpackError(`a table of ${bytes} octets`);
    this.#ownTable().resize(bytes);
  }

  #ownTable(): DynamicTable {
    this.#table ??= new DynamicTable(INITIAL_TABLE_BYTES);
    return this.#table;
  }
}

/** The fields of one block, as long as they are within the limits. */
class FieldList {
  #fields: string[] | 'too-large' = [];
  #fieldsLeft: number;
  /** Octets that the next field may count for. */
  room: number;

  constructor({ listBytes, fields }: HpackLimits) {
    this.room = listBytes;
    this.#fieldsLeft = fields;
  }

  get fields(): DecodedFields {
    return this.#fields;
  }

  add({ name, value }: Entry): void {
    if (this.#fields === 'too-large') return;
    const room = this.room - name.length - value.length - ENTRY_OVERHEAD;
    this.#fieldsLeft -= 1;
    if (room < 0 || this.#fieldsLeft < 0) {
      this.overflow();
      return;
    }
    this.room = room;
    this.#fields.push(name, value);
  }

  overflow(): void {
    this.#fields = 'too-large';
    this.room = 0;
  }
}
