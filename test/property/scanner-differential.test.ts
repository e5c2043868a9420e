import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ClientFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { FrameScan, scanClientFrame } from '../../src/core/wire/scan.ts';
import { corpus, frameInits } from './fuzz/corpus.ts';
import { loadProtobufjs } from './fuzz/dump-protobufjs.ts';
import { fuzzScanner } from './fuzz/fuzz.ts';
import { parse } from './fuzz/wire-tree.ts';

// `SIGNALBOX_FUZZ=1000000 SIGNALBOX_SEED=7` for more, or another walk; `npm run test:fuzz -- --target frames` goes on into the core.
const frames = Number(process.env.SIGNALBOX_FUZZ ?? 150_000);
const seed = Number(process.env.SIGNALBOX_SEED ?? 1);

describe('the scanner beside two decoders', () => {
  it(
    'accepts only what protobuf-es and protobufjs accept and read alike, relayed or not',
    () => {
      const result = fuzzScanner(seed, frames);
      expect(result.differences, `seed ${seed}`).toEqual([]);
      // Nothing is proven by frames that are all refused.
      expect(result.accepted).toBeGreaterThan(frames / 10);
      expect(result.relayed).toBeGreaterThan(frames / 20);
    },
    30_000 + frames,
  );

  it('accepts every frame that protobuf-es encodes', () => {
    const scan = new FrameScan();
    for (const [index, bytes] of corpus.entries()) {
      expect(
        scanClientFrame(bytes, scan),
        JSON.stringify(Object.keys(frameInits[index]?.body ?? {})),
      ).toBeUndefined();
    }
  });

  it('accepts every frame that protobufjs encodes', () => {
    const type = loadProtobufjs(new URL('../../proto/', import.meta.url).pathname).lookupType(
      'signalbox.v1.ClientFrame',
    );
    const scan = new FrameScan();
    for (const bytes of corpus) {
      const encoded = Uint8Array.from(type.encode(type.decode(bytes)).finish());
      expect(scanClientFrame(encoded, scan)).toBeUndefined();
      expect(fromBinary(ClientFrameSchema, encoded)).toEqual(fromBinary(ClientFrameSchema, bytes));
    }
  });

  it('has a frame of every body in its corpus', () => {
    const bodies = ClientFrameSchema.oneofs.find((oneof) => oneof.name === 'body')?.fields ?? [];
    const used = new Set(corpus.flatMap((bytes) => (parse(bytes) ?? []).map((field) => field.number)));
    expect(bodies.filter((field) => !used.has(field.number)).map((field) => field.name)).toEqual([]);
  });

  it('keeps a leading U+FEFF as text, in each decoder and in what it reports', () => {
    const frame = create(ClientFrameSchema, { body: { case: 'signal', value: { to: '\ufeffp1' } } });
    const scan = new FrameScan();
    expect(scanClientFrame(toBinary(ClientFrameSchema, frame), scan)).toBeUndefined();
    expect(scan.signal.to).toBe('\ufeffp1');
  });
});
