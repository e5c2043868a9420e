import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/**
 * A file of records, all there or not at all.
 *
 * Layout: `signalbox-state` and the format as a byte; then for each record its length and its CRC-32 (4 bytes each, little
 * endian) and its bytes; last a length of 0xffffffff, and the number of records. It is written beside its place and renamed,
 * so that a process that is killed leaves the file as it was.
 */
const magic = Buffer.from('signalbox-state');
/** Raised by a change that an older gateway would misread: a file of another format is not read. */
const format = 1;
const headBytes = 8;
const endMark = 0xffffffff;
/** Records are gathered up to so many bytes for one write, or for one read. */
const gatherBytes = 256 * 1024;

/** Throws an Error that says what to do where the file could not be written later. */
export function checkStateFile(path: string): void {
  const advice = 'choose a file in a folder that this user may write to with --state';
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`the state file ${path} is a folder: ${advice}`);
  }
  try {
    const probe = temporaryOf(path);
    rmSync(probe, { force: true });
    closeSync(openSync(probe, 'wx', 0o600));
    unlinkSync(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'its folder does not exist' : `its folder cannot be written to (${code})`;
    throw new Error(`the state file ${path} cannot be used: ${why}: ${advice}`);
  }
}

/** Writes the file, readable by this user only. Lets the event loop turn between writes. Returns its size in bytes. */
export async function writeStateFile(path: string, records: Iterable<Uint8Array>): Promise<number> {
  const temporary = temporaryOf(path);
  rmSync(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  let size: number;
  try {
    size = await writeRecords(file, records);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  syncFolder(path);
  return size;
}

async function writeRecords(file: FileHandle, records: Iterable<Uint8Array>): Promise<number> {
  let waiting: Uint8Array[] = [magic, Uint8Array.of(format)];
  let gathered = magic.length + 1;
  let size = 0;
  let count = 0;
  const flush = async (): Promise<void> => {
    const { bytesWritten } = await file.writev(waiting);
    if (bytesWritten !== gathered) throw new Error(`only ${bytesWritten} of ${gathered} bytes were written`);
    size += gathered;
    waiting = [];
    gathered = 0;
  };
  for (const record of records) {
    waiting.push(headOf(record.length, crc32(record)), record);
    gathered += headBytes + record.length;
    count += 1;
    if (gathered >= gatherBytes) await flush();
  }
  waiting.push(headOf(endMark, count));
  gathered += headBytes;
  await flush();
  return size;
}

/**
 * The records of the file; undefined where there is none. Throws an Error that says why it cannot be used. `decode` copies what
 * it keeps of the bytes: they are part of a larger block.
 */
export function readStateFile<Item>(path: string, decode: (record: Uint8Array) => Item): Item[] | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const fd = openSync(path, 'r');
  try {
    return readRecords(fd, stat.size, decode);
  } finally {
    closeSync(fd);
  }
}

/** Puts a file aside that cannot be used. */
export function rejectStateFile(path: string): void {
  renameSync(path, rejectedOf(path));
}

export function rejectedOf(path: string): string {
  return `${path}.rejected`;
}

/** Removes the file for good, before the first connection: what a later crash leaves behind must not bring it back. */
export function removeStateFile(path: string): void {
  rmSync(path, { force: true });
  syncFolder(path);
}

function readRecords<Item>(fd: number, size: number, decode: (record: Uint8Array) => Item): Item[] {
  const file = new BlockReader(fd, size);
  if (size < magic.length + 1 || !file.take(magic.length).equals(magic)) {
    throw new Error('it is no state file');
  }
  const theirs = file.take(1)[0];
  if (theirs !== format) throw new Error(`it has the format ${theirs}, and this gateway reads ${format}`);
  const items: Item[] = [];
  for (;;) {
    const head = file.take(headBytes);
    const length = head.readUInt32LE(0);
    const sum = head.readUInt32LE(4);
    if (length === endMark) {
      if (sum !== items.length || file.left > 0) throw new Error('its end is not where it ends');
      return items;
    }
    const record = file.take(length);
    if (crc32(record) !== sum) throw new Error(`record ${items.length + 1} is damaged`);
    items.push(decode(record));
  }
}

/** Reads a file from its beginning to its end, many records at once. */
class BlockReader {
  readonly #fd: number;
  readonly #size: number;
  #at = 0;
  #block: Buffer = Buffer.alloc(0);

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.#size = size;
  }

  /** Bytes that were not taken yet. */
  get left(): number {
    return this.#size - this.#at;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new Error(`it ends in the middle, after ${this.#size} bytes`);
    if (length > this.#block.length)
      this.#block = this.#read(Math.min(this.left, Math.max(length, gatherBytes)));
    const taken = this.#block.subarray(0, length);
    this.#block = this.#block.subarray(length);
    this.#at += length;
    return taken;
  }

  #read(length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) {
      const read = readSync(this.#fd, bytes, done, length - done, this.#at + done);
      if (read === 0) throw new Error(`it ends in the middle, after ${this.#at + done} bytes`);
      done += read;
    }
    return bytes;
  }
}

function headOf(length: number, sum: number): Uint8Array {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32LE(length, 0);
  head.writeUInt32LE(sum, 4);
  return head;
}

function temporaryOf(path: string): string {
  return `${path}.tmp`;
}

/** A rename, and a removal, last when the folder is on the disk. */
function syncFolder(path: string): void {
  const fd = openSync(dirname(path), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
