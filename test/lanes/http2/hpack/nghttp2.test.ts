import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HpackDecoder } from '../../../../src/lanes/http2/hpack/decoder.ts';
import { BlockCapture } from './captured-blocks.ts';

const limits = { tableBytes: 65_536, listBytes: 1_000_000, fields: 1_000 };

const octet = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((code) => String.fromCharCode(code));
/** RFC 9110, section 5.5. Node hands Latin-1 to nghttp2, which trims spaces. */
const value = fc
  .oneof(
    fc.string({ unit: octet(0x21, 0x7e), maxLength: 30 }),
    fc.string({ unit: fc.oneof(octet(0x20, 0x7e), octet(0x80, 0xff)), maxLength: 40 }),
    fc.integer({ min: 100, max: 3_000 }).map((length) => 'long '.repeat(length / 5)),
  )
  .map((text) => text.trim());
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789-_.';
const name = fc
  .string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 20 })
  .map((text) => `x-${text}`);
const field = fc.oneof(
  fc.tuple(fc.constantFrom('user-agent', 'accept', 'cookie', 'authorization', 'x-again'), value),
  fc.tuple(fc.constantFrom('user-agent', 'x-again', 'x-once-more'), fc.constantFrom('one', 'two', 'three')),
  fc.tuple(name, value),
);
const request = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'BREW'),
    fc.constantFrom('/', '/signalbox.v1.SignalingService/SendFrames', '/somewhere?else=1'),
    fc.uniqueArray(field, { maxLength: 14, selector: ([named]) => named }),
  )
  .map(([method, path, fields]) => [
    ...[':method', method, ':scheme', 'http', ':path', path, ':authority', 'localhost:8080'],
    ...fields.flat(),
  ]);
const step = fc.record({
  request,
  table: fc.option(fc.constantFrom(0, 33, 100, 500, 4_096, 20_000, 65_536), { freq: 4 }),
});

test('the blocks of nghttp2 are decoded, over connections whose tables grow, shrink and evict', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 10 }),
      fc.constantFrom(0, 200, 4_096, 65_536),
      async (steps, clientTable) => {
        await using capture = await BlockCapture.open(clientTable);
        const decoder = new HpackDecoder(limits);
        for (const { request, table } of steps) {
          if (table !== null) capture.allow(table);
          const { block } = await capture.request(request);
          expect(decoder.decode(block)).toEqual(request);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('every octet of the Huffman code is decoded', async () => {
  await using capture = await BlockCapture.open();
  const decoder = new HpackDecoder(limits);
  for (let first = 1; first < 0x100; first += 16) {
    const octets = Array.from({ length: 16 }, (_, i) => first + i).filter((code) => code < 0x100);
    // Short codes about them make the whole worth compressing; NUL and the ends of lines Node does not let through.
    const fields = octets
      .filter((code) => code !== 0x0a && code !== 0x0d)
      .flatMap((code) => [`x-${code}`, `eeeeeeeeeeeeeeee${String.fromCharCode(code)}aaaaaaaaaaaaaaaa`]);
    const request = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'a', ...fields];
    const { block } = await capture.request(request);
    expect(decoder.decode(block)).toEqual(request);
  }
});

test('nghttp2 reads the blocks that we encode', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(field, { maxLength: 10, selector: ([named]) => named }),
      async (fields) => {
        await using capture = await BlockCapture.open();
        const sent = fields.filter(([named]) => named !== 'cookie');
        const request = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'a'];
        const { answer } = await capture.request(request, [':status', '200', ...sent.flat()]);
        expect(Object.entries(answer)).toEqual([[':status', 200], ...sent]);
      },
    ),
    { numRuns: 40 },
  );
});
