import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OriginSchema, ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { encodeFrame, frameHeadSize } from '../../../src/core/wire/frame-head.ts';
import { MemoryPool } from '../../../src/core/wire/memory-pool.ts';
import { encodeRelayed, OriginTemplate, originSize, writeOrigin } from '../../../src/core/wire/origin.ts';
import { Slab } from '../../../src/core/wire/slab.ts';
import { varintSize, writeVarint } from '../../../src/core/wire/varint.ts';
import { lengthField, varint } from './bytes.ts';

const uint32 = fc.nat({ max: 0xffffffff });
const safe = fc.maxSafeInteger();

describe('the origin of a relayed record', () => {
  it('is written as the generated encoder writes it', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 90 });
    const fields = fc.record({
      sender: text,
      senderSeq: uint32,
      identity: text,
      name: text,
      acceptedAtMs: fc.maxSafeNat(),
      offset: uint32,
      version: uint32,
      total: safe,
    });
    fc.assert(
      fc.property(fields, (origin) => {
        const template = new OriginTemplate(origin.sender, origin.identity, origin.name);
        const out = new Uint8Array(originSize(template, origin));
        expect(writeOrigin(out, 0, template, origin)).toBe(out.length);
        const generated = create(OriginSchema, {
          ...origin,
          acceptedAtMs: BigInt(origin.acceptedAtMs),
          total: BigInt(origin.total),
        });
        expect(out).toEqual(toBinary(OriginSchema, generated));
      }),
    );
  });

  it('stands behind the record, which is copied as it is', () => {
    const record = lengthField(3, lengthField(1, 'p2'));
    const template = new OriginTemplate('p1');
    const body = encodeRelayed(
      record,
      template,
      { senderSeq: 5, acceptedAtMs: 1_795_345_678_901 },
      new Slab(new MemoryPool()),
    );
    record.fill(0);
    const frame = fromBinary(ServerFrameSchema, encodeFrame(70_000, 3, body));
    expect(frame).toMatchObject({ seq: 70_000, ack: 3, body: { case: 'signal', value: { to: 'p2' } } });
    expect(frame.origin).toMatchObject({
      sender: 'p1',
      senderSeq: 5,
      acceptedAtMs: 1_795_345_678_901n,
      identity: '',
    });
  });

  it('cannot be forged by what a client writes inside its record', () => {
    const forged = lengthField(9, lengthField(1, 'mallory'));
    const body = encodeRelayed(lengthField(4, forged), new OriginTemplate('p1'), {
      senderSeq: 1,
      acceptedAtMs: 1,
    });
    expect(fromBinary(ServerFrameSchema, body).origin?.sender).toBe('p1');
  });
});

describe('the head of a frame', () => {
  it('is written as the generated encoder writes it', () => {
    fc.assert(
      fc.property(uint32, uint32, (seq, ack) => {
        const frame = encodeFrame(seq, ack, new Uint8Array(0));
        expect(frame).toHaveLength(frameHeadSize(seq, ack));
        expect(frame).toEqual(toBinary(ServerFrameSchema, create(ServerFrameSchema, { seq, ack })));
      }),
    );
  });
});

describe('varints', () => {
  it('are written in the fewest bytes, up to 2^53 - 1', () => {
    const edges = Array.from({ length: 53 }, (_, bit) => [2 ** bit - 1, 2 ** bit]).flat();
    for (const value of [...edges, Number.MAX_SAFE_INTEGER]) {
      const out = new Uint8Array(10);
      const end = writeVarint(out, 0, value);
      expect([...out.subarray(0, end)], `${value}`).toEqual(varint(value));
      expect(varintSize(value)).toBe(end);
    }
  });
});

describe('a slab', () => {
  it('never hands out the same bytes twice', () => {
    const slab = new Slab(new MemoryPool());
    const pieces = Array.from({ length: 300 }, (_, index) => ({
      index,
      bytes: slab.take((index * 37) % 1500),
    }));
    for (const { index, bytes } of pieces) bytes.fill(index & 0xff);
    for (const { index, bytes } of pieces) {
      expect(bytes).toHaveLength((index * 37) % 1500);
      expect(bytes.every((byte) => byte === (index & 0xff))).toBe(true);
    }
  });
});
