import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HpackDecoder, type HpackLimits } from '../../../../src/lanes/http2/hpack/decoder.ts';
import { HpackError } from '../../../../src/lanes/http2/hpack/hpack-error.ts';
import { FieldDecoder } from '../../../fuzz/kit/hpack.ts';
import { block, compressed, indexed, integer, type Keeping, literal, tableSize } from './block-maker.ts';
import { fromHex, vectors } from './rfc-vectors.ts';

const FIRST_DYNAMIC = 62;

function decoder(limits: Partial<HpackLimits> = {}): HpackDecoder {
  return new HpackDecoder({ tableBytes: 4_096, listBytes: 16_384, fields: 100, ...limits });
}

describe('the dynamic table', () => {
  test('keeps what is asked to be kept, the newest first', () => {
    const reader = decoder();
    const kept = block(literal('kept', 'a', '1'), literal('kept', 'b', '2'));
    reader.decode(kept);
    expect(reader.decode(block(indexed(62), indexed(63)))).toEqual(['b', '2', 'a', '1']);
    reader.decode(block(literal('passing', 'c', '3'), literal('secret', 'd', '4')));
    expect(reader.decode(indexed(62))).toEqual(['b', '2']);
    expect(() => reader.decode(indexed(64))).toThrow(HpackError);
  });

  test('gives names to literals, also the name of an entry that its own field evicts', () => {
    const reader = decoder();
    reader.decode(block(tableSize(64), literal('kept', 'name', 'first')));
    expect(reader.decode(block(literal('kept', 62, 'other value'), indexed(62)))).toEqual([
      ...['name', 'other value'],
      ...['name', 'other value'],
    ]);
  });

  test('lets the oldest go when it is full: 32 octets an entry beside its texts', () => {
    const reader = decoder();
    reader.decode(block(tableSize(2 * 34), literal('kept', 'a', '1'), literal('kept', 'b', '2')));
    expect(reader.decode(indexed(63))).toEqual(['a', '1']);
    reader.decode(literal('kept', 'c', '3'));
    expect(reader.decode(indexed(63))).toEqual(['b', '2']);
    expect(() => reader.decode(indexed(64))).toThrow(HpackError);
  });

  test('is emptied by a field that is larger than it', () => {
    const reader = decoder();
    reader.decode(block(tableSize(40), literal('kept', 'a', '1')));
    expect(reader.decode(literal('kept', 'b', '123456789'))).toEqual(['b', '123456789']);
    expect(() => reader.decode(indexed(62))).toThrow(HpackError);
  });

  test('has 4,096 octets before a block says otherwise, whatever is allowed', () => {
    const reader = decoder({ tableBytes: 65_536 });
    reader.decode(block(literal('kept', 'a', 'x'.repeat(4_096 - 33))));
    expect(reader.decode(indexed(62))).toEqual(['a', 'x'.repeat(4_096 - 33)]);
    reader.decode(literal('kept', 'a', 'x'.repeat(4_096 - 32)));
    expect(() => reader.decode(indexed(62))).toThrow(HpackError);
  });

  test('forgets what has no room when it shrinks, and does not have it back when it grows', () => {
    const reader = decoder();
    reader.decode(block(literal('kept', 'a', '1'), literal('kept', 'b', '2')));
    expect(reader.decode(block(tableSize(34), tableSize(4_096), indexed(62)))).toEqual(['b', '2']);
    expect(() => reader.decode(indexed(63))).toThrow(HpackError);
  });

  test.each([
    ['beyond what was announced', block(tableSize(4_097))],
    ['behind a field', block(indexed(2), tableSize(100))],
    ['behind a literal', block(literal('passing', 'a', '1'), tableSize(100))],
  ])('must not be resized %s', (_name, bytes) => {
    expect(() => decoder().decode(bytes)).toThrow(HpackError);
  });
});

describe('what cannot be decoded is a HpackError', () => {
  test.each([
    ['index 0', indexed(0)],
    ['an index beyond the static table', indexed(FIRST_DYNAMIC)],
    ['a name from beyond the tables', literal('passing', FIRST_DYNAMIC, 'x')],
    ['an index that is cut off', Uint8Array.of(0xff)],
    ['an index that goes on', Uint8Array.of(0xff, 0x80)],
    ['a name without a length', Uint8Array.of(0x00)],
    ['a name that is cut off', Uint8Array.of(0x00, 0x02, 0x61)],
    ['a value without a length', Uint8Array.of(0x00, 0x01, 0x61)],
    ['a value that is cut off', Uint8Array.of(0x00, 0x01, 0x61, 0x01)],
    ['a value longer than any block', block(Uint8Array.of(0x00, 0x01, 0x61), integer(0, 7, 2 ** 31 - 1))],
    ['a value longer than a number', block(Uint8Array.of(0x00, 0x01, 0x61), integer(0, 7, 2 ** 40))],
  ])('%s', (_name, bytes) => {
    expect(() => decoder().decode(bytes)).toThrow(HpackError);
  });

  test.each([
    ['an index of 2^31', integer(0x80, 7, 2 ** 31)],
    ['an index of 2^32 + 2, which is 2 in 32 bits', integer(0x80, 7, 2 ** 32 + 2)],
    ['an index that goes on for ever', block(Uint8Array.of(0xff), new Uint8Array(1_000).fill(0x80))],
    ['zeros in front of nothing', Uint8Array.of(0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00)],
  ])('%s: too large, whatever would come of it', (_name, bytes) => {
    expect(() => decoder().decode(bytes)).toThrow(new HpackError('an integer is too large'));
  });

  test('the largest integer is one', () => {
    // 0x7fffffff - 15 in five octets: there is no such entry, but it is read.
    expect(() => decoder().decode(integer(0x80, 7, 2 ** 31 - 1))).toThrow('no entry 2147483647');
  });

  /** 00011 is `a`, 00101 is `e`, the end of the string thirty ones. */
  test.each([
    ['nothing', [], ''],
    ['three ones behind a symbol', [0b00011_111], 'a'],
    ['no padding', [0b00011_000, 0b11_00011_0, 0b0011_0001, 0b1_00011_00, 0b011_00011], 'aaaaaaaa'],
    ['seven ones', [0b00011_000, 0b11_00011_0, 0b0011_0001, 0b1_1111111], 'aaaaa'],
    ['six ones', [0b00011_000, 0b11_111111], 'aa'],
    ['eight ones', [0b00011_000, 0b11_00011_0, 0b0011_0001, 0b1_00011_00, 0b011_00011, 0xff], undefined],
    ['eight ones alone', [0xff], undefined],
    ['padding of zeros', [0b00011_000], undefined],
    ['padding of ones and a zero', [0b00011_110], undefined],
    ['the beginning of a code', [0b00011_001], undefined],
    ['the end of the string', [0xff, 0xff, 0xff, 0xff], undefined],
    ['the end of the string within', [0xff, 0xff, 0xff, 0b11111100, 0b0110_0011], undefined],
  ])('compressed text with %s is %j', (_name, octets, expected) => {
    const bytes = block(literal('passing', 1, '').subarray(0, 1), compressed(Uint8Array.from(octets)));
    if (expected === undefined) expect(() => decoder().decode(bytes)).toThrow(HpackError);
    else expect(decoder().decode(bytes)).toEqual([':authority', expected]);
  });

  test('all that a block may be cut off to, at each octet', () => {
    for (const { blocks } of vectors) {
      for (const [hex] of blocks.slice(0, 1)) {
        const whole = fromHex(hex);
        const fields = decoder().decode(whole) as readonly string[];
        for (let end = 0; end < whole.length; end += 1) {
          try {
            const cut = decoder().decode(whole.subarray(0, end)) as readonly string[];
            // What is left are whole fields: a beginning of all.
            expect(fields.slice(0, cut.length)).toEqual(cut);
            expect(cut.length).toBeLessThan(fields.length);
          } catch (error) {
            expect(error).toBeInstanceOf(HpackError);
          }
        }
      }
    }
  });
});

describe('beyond the limits a block is too large', () => {
  const field = literal('passing', 'name', 'value');
  const cost = 4 + 5 + 32;

  test('by its octets, with 32 for each field', () => {
    const three = block(field, field, field);
    expect(decoder({ listBytes: 3 * cost }).decode(three)).toHaveLength(6);
    expect(decoder({ listBytes: 3 * cost - 1 }).decode(three)).toBe('too-large');
  });

  test('by its fields', () => {
    const three = block(field, field, field);
    expect(decoder({ fields: 3 }).decode(three)).toHaveLength(6);
    expect(decoder({ fields: 2 }).decode(three)).toBe('too-large');
  });

  test.each([
    ['raw', literal('passing', 'a', 'b'.repeat(16_384))],
    ['a name', literal('passing', 'a'.repeat(16_384), 'b')],
    ['compressed', block(Uint8Array.of(0x01), compressed(new Uint8Array(11_000)))],
    ['kept', literal('kept', 'a', 'b'.repeat(16_384))],
  ])('by one text: %s', (_name, bytes) => {
    const reader = decoder();
    expect(reader.decode(bytes)).toBe('too-large');
    expect(reader.decode(block(literal('passing', 'a', 'b')))).toEqual(['a', 'b']);
  });

  test('and the table is in step behind it', () => {
    const reader = decoder({ listBytes: 100 });
    const large = block(
      ...[literal('kept', 'a', '1'), literal('kept', 'b', '2'), literal('passing', 'x', 'y'.repeat(100))],
      ...[literal('kept', 'c', '3'), literal('kept', 62, 'x'.repeat(200)), literal('kept', 'e', '5')],
    );
    expect(reader.decode(large)).toBe('too-large');
    expect(reader.decode(block(indexed(62), indexed(64)))).toEqual(['e', '5', 'c', '3']);
    expect(reader.decode(block(indexed(65), indexed(66)))).toEqual(['b', '2', 'a', '1']);
    expect(reader.decode(indexed(63))).toBe('too-large');
  });

  test('and one that has no room in the table has emptied it', () => {
    const reader = decoder({ listBytes: 100 });
    reader.decode(literal('kept', 'a', '1'));
    expect(reader.decode(literal('kept', 'b', '2'.repeat(5_000)))).toBe('too-large');
    expect(() => reader.decode(indexed(62))).toThrow(HpackError);
  });

  test('what is too large is decoded to its end: an error in it is found', () => {
    const large = literal('passing', 'x', 'y'.repeat(200));
    const reader = () => decoder({ listBytes: 100 });
    expect(() => reader().decode(block(large, indexed(99)))).toThrow(HpackError);
    expect(() => reader().decode(block(large, Uint8Array.of(0x01), compressed(Uint8Array.of(0xff))))).toThrow(
      HpackError,
    );
  });

  test('a field kept once and named a million times costs a list of a hundred', () => {
    const reader = decoder();
    reader.decode(literal('kept', 'bomb', 'b'.repeat(4_000)));
    const bomb = new Uint8Array(1_000_000).fill(0x80 | FIRST_DYNAMIC);
    reader.decode(bomb.subarray(0, 10_000));
    const before = process.memoryUsage().heapUsed;
    expect(reader.decode(bomb)).toBe('too-large');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
  });

  test('compressed text of a megabyte is never built', () => {
    // Five zeros are `0`: 1.6 octets for each.
    const bomb = block(Uint8Array.of(0x01), compressed(new Uint8Array(1_000_000)));
    const before = process.memoryUsage();
    expect(decoder().decode(bomb)).toBe('too-large');
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(100_000);
  });
});

/** Pieces of blocks, good and bad, as another decoder reads them that has no limits and no table but its own. */
const short = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)),
  maxLength: 12,
});
const keeping = fc.constantFrom<Keeping>('kept', 'kept', 'passing', 'secret');
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(keeping, short, short).map((field) => literal(...field)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(keeping, fc.integer({ min: 1, max: 66 }), short)
      .map(([how, place, value]) => literal(how, place, value)),
  },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 66 }).map(indexed) },
);
const wholeBlock = fc
  .tuple(fc.array(fc.constantFrom(0, 40, 100, 200, 4_096).map(tableSize), { maxLength: 2 }), fc.array(piece))
  .map(([sizes, pieces]) => block(...sizes, ...pieces));

describe('whatever comes', () => {
  test('blocks of all kinds of fields are read as another decoder reads them', () => {
    fc.assert(
      fc.property(fc.array(wholeBlock, { minLength: 1, maxLength: 6 }), (blocks) => {
        const ours = decoder({ listBytes: 1_000_000, fields: 10_000 });
        const other = new FieldDecoder();
        for (const bytes of blocks) {
          let expected: string[];
          try {
            expected = other.decode(bytes).flat();
          } catch {
            expect(() => ours.decode(bytes)).toThrow(HpackError);
            return;
          }
          expect(ours.decode(bytes)).toEqual(expected);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a limit changes nothing about the blocks behind', () => {
    fc.assert(
      fc.property(fc.array(wholeBlock, { minLength: 2, maxLength: 6 }), fc.nat(600), (blocks, listBytes) => {
        const free = decoder({ listBytes: 1_000_000, fields: 10_000 });
        const bound = decoder({ listBytes, fields: 10_000 });
        for (const bytes of blocks) {
          let expected: readonly string[] | 'too-large';
          try {
            expected = free.decode(bytes);
          } catch {
            expect(() => bound.decode(bytes)).toThrow(HpackError);
            return;
          }
          const counted = [...expected].reduce((sum, text) => sum + text.length + 16, 0);
          expect(bound.decode(bytes)).toEqual(counted > listBytes ? 'too-large' : expected);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('it is fields within the limits, too large, or a HpackError', () => {
    const noise = fc.uint8Array({ maxLength: 60 });
    const mutated = fc
      .tuple(wholeBlock, fc.nat(), fc.nat(255))
      .map(([bytes, at, octet]) => (bytes.length > 0 ? bytes.with(at % bytes.length, octet) : bytes));
    fc.assert(
      fc.property(fc.array(fc.oneof(noise, mutated), { maxLength: 6 }), (blocks) => {
        const reader = decoder({ listBytes: 500, fields: 8 });
        for (const bytes of blocks) {
          try {
            const fields = reader.decode(bytes);
            if (fields === 'too-large') continue;
            expect(fields.length % 2).toBe(0);
            expect(fields.length).toBeLessThanOrEqual(16);
            expect(fields.reduce((sum, text) => sum + text.length + 16, 0)).toBeLessThanOrEqual(500);
          } catch (error) {
            expect(error).toBeInstanceOf(HpackError);
            return;
          }
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
