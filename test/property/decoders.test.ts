import { expect, it } from 'vitest';
import { needs } from '../helpers/needs.ts';
import { buildPython, type Decoder, type Missing, reason } from './decoders/build.ts';
import { compareWith } from './decoders/compare.ts';

// `npm run test:decoders` compares with Java, C++ and Go as well, which need tools and packages that a test run does
// not fetch.
function python(): Decoder | Missing {
  try {
    return buildPython();
  } catch (error) {
    return { name: 'python', why: `apt-get install python3-protobuf: ${reason(error)}` };
  }
}

const decoder = python();
if (needs('python3-protobuf', !('why' in decoder))) {
  it('reads what the scanner accepts as protobuf-es reads it: python', { timeout: 60_000 }, async () => {
    if ('why' in decoder) throw new Error(decoder.why);
    const result = await compareWith(decoder, 1, 15_000);
    expect(result.differences).toEqual([]);
    expect(result.accepted).toBeGreaterThan(1500);
    expect(result.reencoded).toBe(result.accepted);
  });
}
