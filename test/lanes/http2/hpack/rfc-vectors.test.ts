import { describe, expect, test } from 'vitest';
import { BlockReader } from '../../../../src/lanes/http2/hpack/block-reader.ts';
import { HpackDecoder } from '../../../../src/lanes/http2/hpack/decoder.ts';
import { fromHex, vectors } from './rfc-vectors.ts';

describe('the examples of RFC 7541, appendix C, are decoded', () => {
  test.each([
    ['C.1.1: 10 with a prefix of five bits', '0a', 0x1f, 10],
    ['C.1.2: 1337 with a prefix of five bits', '1f9a0a', 0x1f, 1337],
    ['C.1.3: 42 at an octet boundary', '2a', 0xff, 42],
  ])('%s', (_name, hex, prefix, value) => {
    const reader = new BlockReader(fromHex(hex));
    expect(reader.integer(prefix)).toBe(value);
    expect(reader.atEnd).toBe(true);
  });

  test.each(vectors)('$name', ({ tableBytes, blocks }) => {
    const decoder = new HpackDecoder({ tableBytes, listBytes: 16_384, fields: 100 });
    for (const [index, [hex, fields]] of blocks.entries()) {
      // A table has 4,096 octets until it is told otherwise: 256 is 0x1f and 225.
      const resize = index === 0 && tableBytes === 256 ? '3fe101' : '';
      expect(decoder.decode(fromHex(resize + hex))).toEqual(fields);
    }
  });
});
