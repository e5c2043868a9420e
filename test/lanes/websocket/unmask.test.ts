import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unmask } from '../../../src/lanes/websocket/unmask.ts';

test('unmasking any span at any alignment and phase equals the definition of RFC 6455, and touches nothing else', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 9 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.integer({ min: 0, max: 1000 }),
      (payload, before, offset, key, phase) => {
        const memory = new Uint8Array(offset + before + payload.length + 5).fill(0xee);
        const view = memory.subarray(offset);
        view.set(payload, before);
        const number = Buffer.from(key).readUInt32BE(0);
        unmask(view, before, before + payload.length, number, phase);
        const expected = payload.map((byte, index) => byte ^ (key[(phase + index) % 4] ?? 0));
        expect([...view.subarray(before, before + payload.length)]).toEqual([...expected]);
        expect(memory.filter((byte) => byte !== 0xee).length).toBeLessThanOrEqual(payload.length);
        expect([...memory.subarray(0, offset + before)].every((byte) => byte === 0xee)).toBe(true);
        expect([...memory.subarray(-5)].every((byte) => byte === 0xee)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});
