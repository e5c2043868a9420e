import { describe, expect, it } from 'vitest';
import { LEAST_BYTES, Payload } from '../../src/load/payload.ts';
import { Arrivals, Stream } from '../../src/load/stream.ts';

/** A stream that sent so many, all acknowledged. */
function sent(count: number): Stream {
  const stream = new Stream();
  for (let index = 0; index < count; index += 1) stream.accepted(stream.next());
  return stream;
}

describe('what arrives of a stream', () => {
  it('is told apart: in order, late, twice', () => {
    const arrivals = new Arrivals();
    expect([1, 2, 5, 5, 3, 3, 6].map((count) => arrivals.take(count))).toEqual([
      'in order',
      'in order',
      'in order',
      'twice',
      'late',
      'twice',
      'in order',
    ]);
    expect(arrivals.missing(sent(6))).toBe(1);
  });

  it('is missing also where nothing came after it', () => {
    const arrivals = new Arrivals();
    arrivals.take(1);
    expect(arrivals.missing(sent(4))).toBe(3);
  });

  it('is not missing where its sender was told that it failed, or was told nothing', () => {
    const arrivals = new Arrivals();
    const stream = sent(1);
    stream.failed(stream.next());
    stream.next();
    stream.accepted(stream.next());
    arrivals.take(1);
    expect(arrivals.missing(stream)).toBe(1);
    arrivals.take(4);
    expect(arrivals.missing(stream)).toBe(0);
  });
});

describe('a payload', () => {
  const note = { sender: 12, count: 345, due: 67_890.123 };

  it('has the size that is asked for, and comes back as it was noted', () => {
    for (const size of [LEAST_BYTES, 130, 5_800]) {
      const payload = new Payload(size);
      const text = payload.write(note);
      expect(Buffer.byteLength(text)).toBe(size);
      expect(payload.read(text)).toEqual(note);
    }
  });

  it('is not read where a single character was altered, cut off or added', () => {
    const payload = new Payload(130);
    const text = payload.write(note);
    expect(payload.read(`${text.slice(0, 100)}X${text.slice(101)}`)).toBeUndefined();
    expect(payload.read(text.slice(0, -1))).toBeUndefined();
    expect(payload.read(`${text} `)).toBeUndefined();
    expect(payload.read('')).toBeUndefined();
  });
});
