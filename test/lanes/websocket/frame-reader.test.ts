import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader } from '../../../src/lanes/websocket/frame-reader.ts';
import { clientFrame } from './lane-server.ts';

/** Reads `stream` in chunks cut at `cuts`; what the sink is told, in order. `pauseEvery`: refuse every n-th message. */
function read(stream: Uint8Array, cuts: readonly number[], limit = 1 << 20, pauseEvery = 0): string[] {
  const log: string[] = [];
  let messages = 0;
  const reader = new FrameReader(limit, {
    message(isText, bytes, start, end) {
      log.push(`${isText ? 'text' : 'binary'} ${Buffer.from(bytes.subarray(start, end)).toString('hex')}`);
      messages++;
      return pauseEvery === 0 || messages % pauseEvery !== 0;
    },
    pinged: (payload) => log.push(`ping ${Buffer.from(payload).toString('hex')}`),
    ponged: () => log.push('pong'),
    closedByPeer: (code, reason) => log.push(`close ${code} ${reason}`),
    breached: ({ code, detail }) => log.push(`breach ${code} ${detail}`),
  });
  const edges = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...edges, stream.length]) {
    const lent = Buffer.from(stream.subarray(from, to));
    reader.push(lent);
    // The next socket reads into the same buffer.
    lent.fill(0xee);
    from = to;
  }
  for (let turn = 0; turn < 1000 && reader.isPaused; turn++) reader.resume();
  return log;
}

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.integer({ min: 120, max: 140 }).map((length) => new Uint8Array(length).fill(length)),
  fc.integer({ min: 65530, max: 65545 }).map((length) => new Uint8Array(length).fill(7)),
);
const control = fc
  .tuple(fc.constantFrom(9, 10), fc.uint8Array({ maxLength: 125 }))
  .map(([opcode, bytes]) => clientFrame(opcode, bytes));
const message = fc
  .tuple(
    fc.constantFrom(1, 2),
    fc.array(payload, { minLength: 1, maxLength: 4 }),
    fc.array(control, { maxLength: 2 }),
  )
  .map(([opcode, parts, controls]) =>
    Buffer.concat(
      parts.flatMap((part, index) => [
        clientFrame(index === 0 ? opcode : 0, part, { fin: index === parts.length - 1 }),
        ...(index === 0 && parts.length > 1 ? controls : []),
      ]),
    ),
  );
const noise = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes));
const stream = fc
  .tuple(
    fc.array(fc.oneof(message, control), { maxLength: 6 }),
    fc.oneof(fc.constant(Buffer.alloc(0)), noise),
  )
  .map(([parts, tail]) => Buffer.concat([...parts, tail]));

test('any split of a byte stream gives the same messages, control frames and breaches', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(200_000), { maxLength: 12 }), (bytes, cuts) => {
      expect(read(bytes, cuts)).toEqual(read(bytes, []));
    }),
    { numRuns: 300 },
  );
});

test('byte-by-byte delivery equals whole delivery', () => {
  const bytes = Buffer.concat([
    clientFrame(1, 'Grüße'),
    clientFrame(2, Buffer.alloc(126, 1), { fin: false }),
    clientFrame(9, 'p'),
    clientFrame(10, 'q'),
    clientFrame(0, Buffer.alloc(300, 2), { fin: false }),
    clientFrame(0, ''),
    clientFrame(2, ''),
    clientFrame(8, Buffer.from([0x03, 0xe8, 0x62, 0x79, 0x65])),
  ]);
  const whole = read(bytes, []);
  expect(whole.map((line) => line.split(' ')[0])).toEqual([
    'text',
    'ping',
    'pong',
    'binary',
    'binary',
    'close',
  ]);
  expect(read(bytes, Array.from(bytes.keys()))).toEqual(whole);
});

test('pausing after messages changes nothing but the time of their delivery', () => {
  fc.assert(
    fc.property(
      stream,
      fc.array(fc.nat(200_000), { maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      (bytes, cuts, n) => {
        expect(read(bytes, cuts, 1 << 20, n)).toEqual(read(bytes, []));
      },
    ),
    { numRuns: 150 },
  );
});

test('a whole message in one chunk is handed on as a view of that chunk', () => {
  const chunk = clientFrame(2, 'view');
  let seen: Uint8Array | undefined;
  const reader = new FrameReader(100, {
    message(_isText, bytes) {
      seen = bytes;
      return true;
    },
    pinged() {},
    ponged() {},
    closedByPeer() {},
    breached() {},
  });
  reader.push(chunk);
  expect(seen).toBe(chunk);
});

test('a sink that resumes within `message` and then returns false does not stall the reader', () => {
  const seen: string[] = [];
  const reader = new FrameReader(100, {
    message(_isText, bytes, start, end) {
      seen.push(Buffer.from(bytes.subarray(start, end)).toString());
      reader.resume();
      return false;
    },
    pinged() {},
    ponged() {},
    closedByPeer() {},
    breached() {},
  });
  reader.push(Buffer.concat([clientFrame(2, 'a'), clientFrame(2, 'b'), clientFrame(2, 'c')]));
  expect(seen).toEqual(['a', 'b', 'c']);
});

test('a message of exactly the limit passes, in one frame or in fragments; one byte more does not', () => {
  expect(read(clientFrame(2, Buffer.alloc(200)), [], 200)).toHaveLength(1);
  const parts = [clientFrame(2, Buffer.alloc(150), { fin: false }), clientFrame(0, Buffer.alloc(50))];
  expect(read(Buffer.concat(parts), [], 200)[0]).toMatch(/^binary/);
  expect(read(clientFrame(2, Buffer.alloc(201)), [], 200)[0]).toMatch(/^breach 1009/);
  const more = [clientFrame(2, Buffer.alloc(150), { fin: false }), clientFrame(0, Buffer.alloc(51))];
  expect(read(Buffer.concat(more), [], 200)[0]).toMatch(/^breach 1009/);
});

test('a message that is too large is refused by its header, before its payload is read', () => {
  const header = clientFrame(2, Buffer.alloc(70_000)).subarray(0, 14);
  expect(read(header, [], 60_000)[0]).toMatch(/^breach 1009/);
});
