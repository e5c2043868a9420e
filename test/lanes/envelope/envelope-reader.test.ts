import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EnvelopeReader } from '../../../src/lanes/envelope/envelope-reader.ts';
import { envelopes, framed } from './raw-client.ts';

function readAll(reader: EnvelopeReader): { flags: number; message: Buffer }[] {
  const found: { flags: number; message: Buffer }[] = [];
  while (reader.next() === 'message') {
    found.push({ flags: reader.flags, message: Buffer.from(reader.message) });
  }
  return found;
}

describe('EnvelopeReader', () => {
  it('hands out a view of a chunk that has the whole message', () => {
    const chunk = Buffer.concat([framed(Buffer.from('one')), framed(Buffer.from('two'))]);
    const reader = new EnvelopeReader(100);
    reader.push(chunk);
    expect(reader.next()).toBe('message');
    expect(reader.message.buffer).toBe(chunk.buffer);
    expect(reader.next()).toBe('message');
    expect(Buffer.from(reader.message).toString()).toBe('two');
    expect(reader.next()).toBe('incomplete');
    expect(reader.clean).toBe(true);
  });

  it('reads the same messages wherever the stream is cut', () => {
    const message = fc.record({
      bytes: fc.uint8Array({ maxLength: 40 }),
      flags: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        (messages, cuts, readBetween) => {
          const wire = Buffer.concat(messages.map(({ bytes, flags }) => framed(bytes, flags)));
          const reader = new EnvelopeReader(40);
          const found: { flags: number; message: Buffer }[] = [];
          for (let position = 0, cut = 0; position < wire.length; cut++) {
            const size = cuts[cut % cuts.length] ?? 1;
            reader.push(wire.subarray(position, position + size));
            position += size;
            if (readBetween) found.push(...readAll(reader));
          }
          found.push(...readAll(reader));
          expect(found).toEqual(envelopes(wire));
          expect(reader.clean).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('knows that it stopped within a prefix or within a message', () => {
    for (const length of [1, 5, 6]) {
      const reader = new EnvelopeReader(100);
      reader.push(framed(Buffer.from('abc')).subarray(0, length));
      expect(reader.next()).toBe('incomplete');
      expect(reader.clean).toBe(false);
    }
  });

  it('refuses a message over its limit by the prefix alone, and takes one at the limit', () => {
    const reader = new EnvelopeReader(10);
    reader.push(framed(new Uint8Array(10)));
    expect(reader.next()).toBe('message');
    reader.push(framed(new Uint8Array(0), 0, 11));
    expect(reader.next()).toBe('too-large');
    expect(reader.next()).toBe('too-large');
  });

  it('reads lengths as unsigned', () => {
    const reader = new EnvelopeReader(2 ** 31);
    reader.push(framed(new Uint8Array(0), 0, 0xffffffff));
    expect(reader.next()).toBe('too-large');
    expect(reader.declaredLength).toBe(0xffffffff);
  });

  it('grows with what it got, not with what the prefix promises', () => {
    const reader = new EnvelopeReader(2 ** 31);
    const before = process.memoryUsage().arrayBuffers;
    reader.push(framed(new Uint8Array(1), 0, 2 ** 30));
    expect(reader.next()).toBe('incomplete');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });
});
