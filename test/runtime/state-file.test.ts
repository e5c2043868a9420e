import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  checkStateFile,
  readStateFile,
  rejectStateFile,
  removeStateFile,
  writeStateFile,
} from '../../src/runtime/state-file.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-state-'));
  path = join(folder, 'state');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (record: Uint8Array) => new TextDecoder().decode(record);
const read = () => readStateFile(path, textOf);

describe('a state file', () => {
  it('gives back the records that were written, whatever is in them', async () => {
    const records = fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(records, async (written) => {
        const size = await writeStateFile(path, written);
        expect(statSync(path).size).toBe(size);
        expect(readStateFile(path, (record) => Buffer.from(record))).toEqual(
          written.map((one) => Buffer.from(one)),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('is none where there is none', () => expect(read()).toBeUndefined());

  it('can be read by its user only, and leaves nothing beside it', async () => {
    writeFileSync(`${path}.tmp`, 'left by a process that was killed', { mode: 0o644 });
    await writeStateFile(path, [bytes('one')]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['state']);
  });

  it('is as it was when writing fails, and the next one can be written', async () => {
    await writeStateFile(path, [bytes('old')]);
    const failing = (function* () {
      yield bytes('new');
      throw new Error('no more');
    })();
    await expect(writeStateFile(path, failing)).rejects.toThrow('no more');
    expect(read()).toEqual(['old']);
    await writeStateFile(path, [bytes('newer')]);
    expect(read()).toEqual(['newer']);
  });

  it('asks for records as they are written: what waits is bounded', async () => {
    let made = 0;
    let turns = 0;
    const turn = setInterval(() => {
      turns += 1;
    }, 0);
    const many = (function* () {
      for (; made < 2000; made += 1) yield new Uint8Array(10_000);
    })();
    await writeStateFile(path, many);
    clearInterval(turn);
    expect(made).toBe(2000);
    // 20 MB in pieces of 256 KiB: the event loop turned between them.
    expect(turns).toBeGreaterThan(5);
  });

  it('is gone for good once it was removed', async () => {
    await writeStateFile(path, [bytes('one')]);
    removeStateFile(path);
    removeStateFile(path);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is kept aside when it is rejected', async () => {
    await writeStateFile(path, [bytes('one')]);
    rejectStateFile(path);
    expect(readdirSync(folder)).toEqual(['state.rejected']);
  });
});

describe('a file that is no whole state file', () => {
  const written = async () => {
    await writeStateFile(path, [bytes('one'), bytes('two, which is longer'), bytes('')]);
    return readFileSync(path);
  };

  it('is refused wherever it was cut off, and with anything behind its end', async () => {
    const whole = await written();
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      expect(read, `${length} bytes`).toThrow();
    }
    writeFileSync(path, Buffer.concat([whole, bytes('x')]));
    expect(read).toThrow('its end is not where it ends');
  });

  it('is refused with any one bit turned over', async () => {
    const whole = await written();
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(path, damaged);
      expect(read, `bit ${bit}`).toThrow();
    }
  });

  it('is refused without taking the memory that a foreign file asks for', () => {
    for (const foreign of ['', 'hello', '{"sessions":[]}', 'x'.repeat(100_000)]) {
      writeFileSync(path, foreign);
      expect(read).toThrow('it is no state file');
    }
    const length = Buffer.alloc(8);
    length.writeUInt32LE(0xfffffffe);
    writeFileSync(path, Buffer.concat([bytes('signalbox-state'), Uint8Array.of(1), length]));
    expect(read).toThrow('it ends in the middle');
  });

  it('is refused with its format where that is another one', async () => {
    const other = Buffer.from(await written());
    other['signalbox-state'.length] = 2;
    writeFileSync(path, other);
    expect(read).toThrow('it has the format 2, and this gateway reads 1');
  });
});

describe('a path for a state file', () => {
  it('is tried at the start, and left as it is', async () => {
    checkStateFile(path);
    expect(readdirSync(folder)).toEqual([]);
    await writeStateFile(path, [bytes('one')]);
    checkStateFile(path);
    expect(read()).toEqual(['one']);
  });

  it('that cannot be used is refused with what to do', () => {
    expect(() => checkStateFile(join(folder, 'missing', 'state'))).toThrow(
      /its folder does not exist: choose .* with --state/,
    );
    expect(() => checkStateFile(folder)).toThrow(/is a folder: choose .* with --state/);
    mkdirSync(`${path}.tmp`);
    expect(() => checkStateFile(path)).toThrow(/cannot be written to .*: choose .* with --state/);
  });
});
