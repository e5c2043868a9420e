import { fromBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema, ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { FrameScan, scanClientFrame } from '../../../src/core/wire/scan.ts';
import { Agreement } from '../fuzz/agreement.ts';
import { corpus } from '../fuzz/corpus.ts';
import { dumpEs } from '../fuzz/dump-es.ts';
import { mutate } from '../fuzz/mutate.ts';
import { Random } from '../fuzz/random.ts';
import type { Decoder } from './build.ts';
import { DecoderProcess, type Question } from './decoder-process.ts';

export interface Comparison {
  readonly frames: number;
  readonly accepted: number;
  /** Frames that the decoder's language encoded and the scanner took. */
  readonly reencoded: number;
  readonly differences: readonly string[];
}

const BATCH = 500;
const REPORTED = 5;

interface Case extends Question {
  /** How protobuf-es reads it. */
  readonly text: string;
}

/**
 * Mutates `frames` frames; what the scanner accepts, and the ServerFrames that relay it, go to the decoder, which
 * must read what protobuf-es reads. What the decoder encodes again, the scanner must accept.
 */
export async function compareWith(decoder: Decoder, seed: number, frames: number): Promise<Comparison> {
  const process = new DecoderProcess(decoder);
  const random = new Random(seed);
  const agreement = new Agreement();
  const differences: string[] = [];
  let accepted = 0;
  let reencoded = 0;
  let batch: Case[] = [];
  const add = (bytes: Uint8Array) => {
    const verdict = agreement.examine(bytes);
    if (verdict === 'refused') return;
    if ('difference' in verdict) throw new Error(`${hexOf(bytes)}\n${verdict.difference}`);
    accepted++;
    if (!decoder.lite) batch.push({ kind: 0, bytes, text: verdict.text });
    batch.push({ kind: 2, bytes, text: verdict.text });
    if (verdict.relayed !== undefined) batch.push({ kind: decoder.lite ? 3 : 1, ...verdict.relayed });
  };
  const flush = async () => {
    const answers = await process.ask(batch);
    for (const [index, item] of batch.entries()) {
      const difference = differenceOf(item, answers[index]);
      if (difference !== '') differences.push(`${hexOf(item.bytes)}\n${difference}`);
      else if (item.kind === 2) reencoded++;
    }
    batch = [];
  };
  try {
    for (const bytes of corpus) add(bytes);
    for (let count = 0; count < frames && differences.length < REPORTED; count++) {
      add(mutate(random, corpus));
      if (batch.length >= BATCH) await flush();
    }
    await flush();
  } finally {
    await process.end();
  }
  return { frames, accepted, reencoded, differences: differences.slice(0, REPORTED) };
}

const scan = new FrameScan();

function differenceOf({ kind, text }: Case, answer: Buffer | undefined): string {
  if (answer === undefined) return `refused; protobuf-es reads ${text}`;
  if (kind < 2) {
    const read = answer.toString('latin1');
    return read === text ? '' : `reads ${read}\nprotobuf-es ${text}`;
  }
  const schema = kind === 2 ? ClientFrameSchema : ServerFrameSchema;
  const fault = kind === 2 ? scanClientFrame(answer, scan) : undefined;
  if (fault !== undefined) return `encodes ${hexOf(answer)}, which the scanner refuses: ${fault.detail}`;
  const read = dumpEs(schema, fromBinary(schema, answer));
  return read === text ? '' : `encodes ${read}\nprotobuf-es ${text}`;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
