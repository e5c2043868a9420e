import { describe, expect, it } from 'vitest';
import { KeyedTable } from '../../src/core/keyed-table.ts';

const frame = (length: number) => new Uint8Array(length);

/** A reader that applies what it reads, and starts anew where the table says that it must. */
class Reader {
  readonly values = new Map<string, number>();
  version = 0;

  read(table: KeyedTable): void {
    if (this.version < table.floor) {
      this.values.clear();
      for (const { key, version } of table.values()) this.values.set(key, version);
    } else {
      for (const { key, version, deleted } of table.since(this.version)) {
        if (deleted) this.values.delete(key);
        else this.values.set(key, version);
      }
    }
    this.version = table.version;
  }
}

describe('KeyedTable', () => {
  it('gives each put the next version and keeps the newest value of a key', () => {
    const table = new KeyedTable();
    expect(table.nextVersion).toBe(1);
    table.put('a', frame(10));
    table.put('b', frame(20));
    table.put('a', frame(5), { recordLength: 3 });
    expect([table.version, table.size, table.bytes]).toEqual([3, 2, 27]);
    expect([...table.values()].map(({ key, version }) => [key, version])).toEqual([
      ['b', 2],
      ['a', 3],
    ]);
    expect(table.since(0).map(({ version }) => version)).toEqual([2, 3]);
    expect(table.since(2)).toMatchObject([{ key: 'a', version: 3, recordLength: 3 }]);
    expect([table.bytesOf('a'), table.bytesOf('x')]).toEqual([6, 0]);
  });

  it('tells readers of deletions, and counts them neither as keys nor as bytes', () => {
    const table = new KeyedTable();
    table.put('a', frame(10));
    table.put('a', frame(2), { deleted: true });
    expect([table.size, table.bytes, table.has('a'), table.bytesOf('a')]).toEqual([0, 0, false, 0]);
    expect(table.since(1)).toMatchObject([{ key: 'a', deleted: true }]);
    expect([...table.values()]).toEqual([]);
    table.put('a', frame(10));
    expect([table.size, table.bytes]).toEqual([1, 11]);
  });

  it('does not grow with keys that come and go', () => {
    // Each key leaves a deletion behind. Were they forgotten only when puts outnumber them two to one, none ever would be.
    const table = new KeyedTable();
    for (let i = 0; i < 10_000; i += 1) {
      table.put(`k${i}`, frame(10));
      table.put(`k${i}`, frame(10), { deleted: true });
    }
    expect(table.since(0).length).toBeLessThan(200);
    expect(table.floor).toBeGreaterThan(19_000);
  });

  it('does not keep large deletions: a record without content may carry what it likes', () => {
    const table = new KeyedTable();
    for (let i = 0; i < 60; i += 1) {
      table.put(`k${i}`, frame(10));
      table.put(`k${i}`, frame(16_384), { deleted: true });
    }
    const kept = table.since(0).reduce((sum, value) => sum + value.frame.length, 0);
    expect(kept).toBeLessThan(128 * 1024);
  });

  it('leaves every reader with the same values, however far behind each is', () => {
    const table = new KeyedTable();
    const readers = [1, 3, 50, 400, 5000].map((every) => ({ every, reader: new Reader() }));
    let state = 12345;
    const random = (below: number) => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return Math.floor((state / 2147483648) * below);
    };
    for (let i = 0; i < 5000; i += 1) {
      const key = `k${random(500)}`;
      // First it fills, then it empties.
      const puts = random(5) < (i < 2500 ? 4 : 1);
      if (puts) table.put(key, frame(random(30)));
      else if (table.has(key)) table.put(key, frame(1), { deleted: true });
      for (const { every, reader } of readers) if (i % every === every - 1) reader.read(table);
    }
    const truth = new Map([...table.values()].map(({ key, version }) => [key, version]));
    for (const { reader } of readers) {
      reader.read(table);
      expect(reader.values).toEqual(truth);
    }
    expect(table.floor).toBeGreaterThan(0);
  });
});
