import * as ws from 'ws';
import { FrameReader, type ProtocolBreach } from '../../src/lanes/websocket/frame-reader.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { clientFrame, upgradeRequest } from '../lanes/websocket/lane-server.ts';
import { corpus } from '../property/fuzz/corpus.ts';
import { mutate } from '../property/fuzz/mutate.ts';
import type { Random } from '../property/fuzz/random.ts';
import { FuzzedGateway } from './kit/fuzzed-gateway.ts';
import { EDGES, glue, mutateBytes, resegment, shuffle, TEXTS } from './kit/mutate-bytes.ts';
import { exchangeBytes } from './kit/raw-peer.ts';
import { recordTraffic } from './kit/recording.ts';
import { wrong } from './kit/rpc-verdict.ts';
import { judgeServerBytes } from './kit/websocket-answer.ts';
import type { FuzzTarget, Input, OpenTarget } from './target.ts';

/** As the gateway takes it: frames of 272 KiB and their wrapper. */
const LIMIT = 272 * 1024 + 1024;
const END = '\r\n\r\n';

/**
 * Bytes of WebSockets, the handshake included. An input is what is written, piece by piece. What follows the handshake is
 * held against the receiver of `ws` as well.
 */
export const webSocketTarget: FuzzTarget = {
  name: 'websocket',
  async open(): Promise<OpenTarget> {
    const gateway = await FuzzedGateway.start();
    const recordings = await recordTraffic(gateway.url);
    const seeds = recordings
      .flatMap(({ connections }) => connections)
      .map((pieces) => glue(...pieces))
      .filter((bytes) => Buffer.from(bytes).subarray(0, 7).toString() === 'GET /ws')
      .map((bytes) => [bytes]);
    return {
      seeds,
      width: 16,
      costMs: 1500,
      isStream: true,
      generate,
      async run(input) {
        const stream = glue(...input);
        const start = Buffer.from(stream).indexOf(END);
        const frames = start < 0 ? new Uint8Array(0) : stream.subarray(start + END.length);
        const difference = compare(
          frames,
          input.map((piece) => piece.length),
        );
        if (difference !== undefined) return wrong(difference);
        const { bytes, ended } = await exchangeBytes(gateway.port, input);
        return judgeServerBytes(bytes, ended);
      },
      faults: () => gateway.faults(),
      check: () => gateway.check(),
      close: () => gateway.close(),
    };
  },
};

interface Read {
  /** Messages as they were handed on, in order. */
  readonly messages: readonly string[];
  readonly failure: string | undefined;
}

/** How our reader and that of `ws` differ; ours may be stricter in what RFC 6455 says of lengths. */
function compare(bytes: Uint8Array, pieces: readonly number[]): string | undefined {
  const own = readOwn(bytes, pieces);
  const other = readOther(bytes);
  const isPrefix = own.messages.every((message, index) => message === other.messages[index]);
  if (!isPrefix) return `messages ${own.messages.join()}, ws reads ${other.messages.join()}`;
  if (own.failure === other.failure && own.messages.length === other.messages.length) return undefined;
  // Stricter of lengths, and of many frames without a message.
  const isStricter = /length|^1008/.test(own.failure ?? '');
  if (isStricter) return undefined;
  // Of a length that is too large ours says so with the masking key behind it.
  const isEarly = own.failure === undefined && other.failure?.startsWith('1009') === true;
  if (isEarly && readOwn(glue(bytes, new Uint8Array(4)), pieces).failure?.startsWith('1009'))
    return undefined;
  // Ours says so on the first bytes of a header, ws on its last.
  const isSooner =
    own.failure !== undefined && other.failure === undefined && other.messages.length === own.messages.length;
  if (isSooner) return undefined;
  const codes = [own.failure?.slice(0, 4), other.failure?.slice(0, 4)];
  if (codes[0] === codes[1] && own.messages.length === other.messages.length) return undefined;
  return `ours: ${own.messages.length} messages, then ${own.failure}; ws: ${other.messages.length}, then ${other.failure}`;
}

function readOwn(bytes: Uint8Array, pieces: readonly number[]): Read {
  const messages: string[] = [];
  let failure: string | undefined;
  const reader = new FrameReader(LIMIT, {
    message(isText, view, start, end) {
      messages.push(`${isText}:${Buffer.from(view.subarray(start, end)).toString('base64')}`);
      return true;
    },
    pinged() {},
    ponged() {},
    closedByPeer(code) {
      failure = `${code} closed`;
    },
    breached({ code, detail }: ProtocolBreach) {
      failure = `${code} ${detail}`;
    },
  });
  // The pieces of the stream: its last ones are those of the frames. The reader unmasks in place.
  let at = 0;
  for (const size of pieces.toReversed()) {
    if (at >= bytes.length) break;
    reader.push(bytes.slice(at, at + Math.max(1, size)));
    at += Math.max(1, size);
  }
  if (at < bytes.length) reader.push(bytes.slice(at));
  return { messages, failure };
}

/** `ws`, without extensions, reading all at once. */
function readOther(bytes: Uint8Array): Read {
  const messages: string[] = [];
  let failure: string | undefined;
  const receiver = new (ws as unknown as { Receiver: ReceiverClass }).Receiver({
    isServer: true,
    maxPayload: LIMIT,
    allowSynchronousEvents: true,
    skipUTF8Validation: false,
  });
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    messages.push(`${!isBinary}:${Buffer.from(data).toString('base64')}`);
  });
  receiver.on('conclude', (code: number) => {
    failure = `${code} closed`;
  });
  receiver.on('error', (error: Error & { [name: symbol]: unknown }) => {
    const code = Object.getOwnPropertySymbols(error).find((symbol) => symbol.description === 'status-code');
    failure = `${code === undefined ? '' : error[code]} ${error.message}`;
  });
  receiver._write(Buffer.from(bytes), 'buffer', (error) => {
    if (error) receiver.emit('error', error);
  });
  return { messages, failure };
}

/** What `@types/ws` leaves out. */
type ReceiverClass = new (
  options: object,
) => NodeJS.EventEmitter & {
  _write(chunk: Buffer, encoding: string, done: (error?: Error | null) => void): void;
};

function generate(random: Random, pool: readonly Input[]): Input {
  const whole = glue(...random.pick(pool));
  const start = Buffer.from(whole).indexOf(END) + END.length;
  const isWhole = start >= END.length;
  let head = isWhole ? Buffer.from(whole.subarray(0, start)).toString('latin1') : handshake(random);
  if (random.chance(8)) head = handshake(random);
  if (random.chance(10)) {
    const changed = mutateBytes(random, Buffer.from(head, 'latin1'), [whole]);
    return resegment(random, [changed, whole.subarray(start)]);
  }
  let frames = splitFrames(whole.subarray(isWhole ? start : 0));
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round += 1) frames = changeFrames(random, frames);
  let rest = glue(...frames);
  if (random.chance(5)) rest = mutateBytes(random, rest, [whole]);
  return resegment(random, [Buffer.from(head, 'latin1'), rest]);
}

const HEADERS = [
  'connection',
  'upgrade',
  'sec-websocket-version',
  'sec-websocket-key',
  'sec-websocket-extensions',
  'host',
  'origin',
  'transfer-encoding',
  'content-length',
];
const VALUES = [
  '',
  'x',
  'websocket',
  'keep-alive, Upgrade',
  '13',
  '8',
  '5',
  'chunked',
  'permessage-deflate',
  'http://evil.example',
];
const PROTOCOLS = ['signalbox.v1.proto', 'signalbox.v1.json', 'x, signalbox.v1.json', 'a,a', ''];
const STARTS = [
  'POST /ws HTTP/1.1',
  'GET /ws HTTP/1.0',
  'GET /elsewhere HTTP/1.1',
  'GET /ws?room=%ff HTTP/1.1',
  'GET http://a/ws HTTP/1.1',
];

function handshake(random: Random): string {
  const change: Record<string, string | undefined> = {
    'sec-websocket-protocol': random.chance(4) ? undefined : random.pick(PROTOCOLS),
  };
  if (random.chance(3)) change[random.pick(HEADERS)] = random.chance(6) ? undefined : random.pick(VALUES);
  return upgradeRequest(change, random.chance(8) ? random.pick(STARTS) : undefined);
}

/** Client frames where they end, as far as their headers tell; the rest is the last. */
function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let at = 0;
  while (at + 6 <= bytes.length) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    if (short === 127 || view.length < 8) break;
    const length = short === 126 ? view.readUInt16BE(2) + 8 : short + 6;
    if (at + length > bytes.length) break;
    frames.push(bytes.subarray(at, at + length));
    at += length;
  }
  return at < bytes.length ? [...frames, bytes.subarray(at)] : frames;
}

function changeFrames(random: Random, frames: Uint8Array[]): Uint8Array[] {
  const at = random.below(frames.length + 1);
  const frame = frames[at];
  if (frame === undefined || random.chance(2)) return frames.toSpliced(at, 0, ...strange(random));
  if (random.chance(3)) return shuffle(random, frames, frames);
  const copy = frame.slice();
  switch (random.below(6)) {
    case 0:
      copy[0] = (copy[0] ?? 0) ^ (1 << random.below(8));
      break;
    case 1:
      copy[0] = random.below(256);
      break;
    case 2:
      copy[1] = (copy[1] ?? 0) ^ 0x80;
      break;
    case 3:
      copy[1] = 0x80 | random.below(128);
      break;
    case 4:
      return frames.with(at, frame.subarray(0, random.below(frame.length + 1)));
    default:
      return frames.with(at, mutateBytes(random, frame, frames));
  }
  return frames.with(at, copy);
}

/** Frames that a browser does not send, or not there. */
function strange(random: Random): Uint8Array[] {
  const payload = mutateBytes(random, lengthField(1, random.pick(corpus)), corpus);
  const text = Buffer.from(random.pick(TEXTS), 'hex');
  switch (random.below(10)) {
    case 0:
      return [clientFrame(8, glue([random.below(256), random.below(256)], text))];
    case 1:
      return [
        clientFrame(
          8,
          random.chance(2)
            ? Buffer.from([3, random.pick([231, 232, 236, 237, 238, 239, 243, 247, 255])])
            : Buffer.from([3]),
        ),
      ];
    case 2:
      return [clientFrame(random.pick([9, 10]), new Uint8Array(random.pick([0, 1, 125, 126, 70_000])))];
    case 3: {
      const cut = random.below(payload.length + 1);
      const control = random.chance(2) ? [clientFrame(9, 'between')] : [];
      return [
        clientFrame(2, payload.subarray(0, cut), { fin: false }),
        ...control,
        clientFrame(random.chance(6) ? 2 : 0, payload.subarray(cut)),
      ];
    }
    case 4:
      return [clientFrame(1, random.chance(2) ? text : '{"frame":{"ping":{"id":1}}}')];
    case 5:
      return [clientFrame(2, payload, { length: random.pick(['medium', 'long']) })];
    case 6:
      return [
        clientFrame(random.below(16), text, {
          rsv: random.below(8),
          masked: !random.chance(3),
          fin: random.chance(2),
        }),
      ];
    case 7: {
      // A length that does not come.
      const frame = clientFrame(2, new Uint8Array(0), { length: 'long' });
      frame.writeUInt32BE(random.chance(3) ? random.below(0xffffffff) : 0, 2);
      frame.writeUInt32BE(random.pick(EDGES), 6);
      return [frame];
    }
    case 8:
      return Array.from({ length: random.pick([2, 100]) }, () =>
        clientFrame(random.pick([0, 2, 9]), '', { fin: random.chance(2) }),
      );
    default:
      return [clientFrame(2, lengthField(1, mutate(random, corpus)))];
  }
}
