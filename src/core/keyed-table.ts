import type { MessageInitShape } from '@bufbuild/protobuf';
import type { BoardSchema, Board as SavedBoard } from '../../gen/signalbox/state/v1/state_pb.ts';
import { SparseMap } from './sparse-map.ts';

/** A value of the keyed table: encoded frame, and the version it got when it was put. */
export interface KeyedValue {
  readonly key: string;
  readonly version: number;
  /** The whole ServerFrame, encoded. */
  readonly frame: Uint8Array;
  /** Bytes of the DataMessage record at the front of the frame; 0 where it holds none. */
  readonly recordLength: number;
  /** It deletes: cursors learn of it, joiners do not. */
  readonly deleted: boolean;
}

/**
 * The newest value per key, numbered by `version`: LATEST values, COUNTED totals, counts. A cursor reads what changed
 * above its version; a value that was put twice since is read once.
 */
export class KeyedTable {
  /** In order of version: a put moves its key to the end. */
  readonly #values = new SparseMap<string, KeyedValue>();
  /** Puts in order of version; superseded ones are skipped and swept. */
  #changes: { readonly key: string; readonly version: number }[] = [];
  #version = 0;
  #live = 0;
  #bytes = 0;
  #deletedBytes = 0;
  #floor = 0;

  /** Cursors below this version have missed deletions that are forgotten: they need a snapshot. */
  get floor(): number {
    return this.#floor;
  }

  get version(): number {
    return this.#version;
  }

  /** Keys with a value. */
  get size(): number {
    return this.#live;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#values.get(key)?.deleted === false;
  }

  /** Bytes that the value of `key` takes; 0 when it has none. */
  bytesOf(key: string): number {
    const value = this.#values.get(key);
    return value === undefined || value.deleted ? 0 : value.frame.length + key.length;
  }

  /** The version that the next put will get; frames carry it. */
  get nextVersion(): number {
    return this.#version + 1;
  }

  put(key: string, frame: Uint8Array, { recordLength = 0, deleted = false } = {}): void {
    this.#version += 1;
    const before = this.#values.get(key);
    if (before !== undefined) this.#account(before, -1);
    this.#values.delete(key);
    const value = { key, version: this.#version, frame, recordLength, deleted };
    this.#values.set(key, value);
    this.#account(value, 1);
    this.#changes.push({ key, version: this.#version });
    if (this.#hasTooManyDeletions()) this.#forgetDeletions();
    if (this.#changes.length > 64 && this.#changes.length > 2 * this.#values.size) this.#forgetSuperseded();
  }

  /** Takes a value out of which nobody needs to learn any more: cursors go on as if it had never been put. */
  forget(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#account(value, -1);
    this.#values.delete(key);
  }

  /** Values put after `version`, in order. */
  since(version: number): readonly KeyedValue[] {
    const found: KeyedValue[] = [];
    for (let i = this.#changes.length - 1; i >= 0; i--) {
      const change = this.#changes[i];
      if (change === undefined || change.version <= version) break;
      const value = this.#values.get(change.key);
      if (value !== undefined && value.version === change.version) found.push(value);
    }
    return found.reverse();
  }

  /** All values that are not deleted, in order of version. */
  *values(): Iterable<KeyedValue> {
    for (const value of this.#values.values()) if (!value.deleted) yield value;
  }

  /** For the state file: the values in order of version, deletions among them. */
  save(): Pick<MessageInitShape<typeof BoardSchema>, 'version' | 'floor' | 'values'> {
    return { version: this.#version, floor: this.#floor, values: [...this.#values.values()] };
  }

  /** An empty table goes on from the state file. */
  restore({ version, floor, values }: SavedBoard): void {
    this.#version = version;
    this.#floor = floor;
    for (const { key, version: its, frame, recordLength, deleted } of values) {
      const value = { key, version: its, frame: frame.slice(), recordLength, deleted };
      this.#values.set(key, value);
      this.#account(value, 1);
      this.#changes.push({ key, version: its });
    }
  }

  #account({ key, frame, deleted }: KeyedValue, sign: 1 | -1): void {
    const bytes = sign * (frame.length + key.length);
    if (deleted) this.#deletedBytes += bytes;
    else {
      this.#live += sign;
      this.#bytes += bytes;
    }
  }

  /** Deletions are kept for cursors to learn of, up to about as much as the values themselves. */
  #hasTooManyDeletions(): boolean {
    const deletions = this.#values.size - this.#live;
    return deletions > this.#live + 64 || this.#deletedBytes > this.#bytes + 64 * 1024;
  }

  /** A cursor that has not read them gets a snapshot. */
  #forgetDeletions(): void {
    for (const [key, value] of this.#values) {
      if (!value.deleted) continue;
      this.#account(value, -1);
      this.#values.delete(key);
      this.#floor = value.version;
    }
    this.#forgetSuperseded();
  }

  #forgetSuperseded(): void {
    this.#changes = this.#changes.filter(({ key, version }) => this.#values.get(key)?.version === version);
  }
}
