import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HpackDecoder } from '../../../../src/lanes/http2/hpack/decoder.ts';
import { encodeFields } from '../../../../src/lanes/http2/hpack/encoder.ts';
import { STATIC_ENTRIES, STATIC_TABLE } from '../../../../src/lanes/http2/hpack/static-table.ts';
import { FieldDecoder } from '../../../fuzz/kit/hpack.ts';

const limits = { tableBytes: 0, listBytes: 1_000_000, fields: 1_000 };

test('what is in the static table is one octet, by Appendix A', () => {
  expect(encodeFields([':status', '200'])).toEqual(Buffer.of(0x88));
  expect(encodeFields([':status', '500'])).toEqual(Buffer.of(0x8e));
  expect(encodeFields([':method', 'POST'])).toEqual(Buffer.of(0x83));
  expect(STATIC_TABLE[STATIC_ENTRIES]).toEqual({ name: 'www-authenticate', value: '' });
  expect(STATIC_TABLE).toHaveLength(STATIC_ENTRIES + 1);
});

test('a name of the static table is named by its place, and nothing is kept', () => {
  expect(encodeFields([':status', '418'])).toEqual(Buffer.of(0x08, 3, ...Buffer.from('418')));
  expect(encodeFields(['content-type', 'a/b'])).toEqual(Buffer.of(0x0f, 31 - 15, 3, ...Buffer.from('a/b')));
  expect(encodeFields(['grpc-status', '0'])).toEqual(
    Buffer.of(0, 11, ...Buffer.from('grpc-status'), 1, 0x30),
  );
});

test.each(['authorization', 'cookie', 'set-cookie'])('%s is never indexed', (name) => {
  expect((encodeFields([name, 'secret'])[0] ?? 0) & 0xf0).toBe(0x10);
});

test('a character that is not Latin-1 is a question mark, not another octet', () => {
  const [, value] = new HpackDecoder(limits).decode(encodeFields(['x', 'a\u010ab\u00e9\u{1f600}']));
  expect(value).toBe('a?b\u00e9??');
});

test('any fields are decoded as they were, by our decoder and by another', () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((c) => String.fromCharCode(c)) });
  const long = fc.integer({ min: 100, max: 70_000 }).map((length) => 'x'.repeat(length));
  const known = fc
    .integer({ min: 1, max: STATIC_ENTRIES })
    .map((place) => STATIC_TABLE[place] ?? { name: '', value: '' });
  const field = fc.oneof(
    fc.tuple(text, fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: long })),
    known.map(({ name, value }) => [name, value] as const),
    fc.tuple(known, text).map(([{ name }, value]) => [name, value] as const),
  );
  fc.assert(
    fc.property(fc.array(field, { maxLength: 12 }), (fields) => {
      const bytes = encodeFields(fields.flat());
      expect(new HpackDecoder(limits).decode(bytes)).toEqual(fields.flat());
      expect(new FieldDecoder().decode(bytes).flat()).toEqual(fields.flat());
    }),
  );
});
