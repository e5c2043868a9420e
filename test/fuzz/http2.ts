import type { Random } from '../property/fuzz/random.ts';
import { FuzzedGateway } from './kit/fuzzed-gateway.ts';
import { encodeFields, type Field } from './kit/hpack.ts';
import { readHttp2, type StreamAnswer } from './kit/http2-answer.ts';
import {
  END_HEADERS,
  END_STREAM,
  FrameType,
  type Http2Frame,
  http2Frame,
  PADDED,
  PREFACE,
  PRIORITY_FLAG,
  readFrames,
  settings,
  uint32,
  writeFrame,
} from './kit/http2-frames.ts';
import { EDGES, glue, mutateBytes, resegment, shuffle } from './kit/mutate-bytes.ts';
import { exchangeBytes, type RawAnswer } from './kit/raw-peer.ts';
import { recordTraffic } from './kit/recording.ts';
import { type Request, requests } from './kit/requests.ts';
import { judgeAnswer, wrong } from './kit/rpc-verdict.ts';
import type { FuzzTarget, Input, OpenTarget, Verdict } from './target.ts';

/**
 * RFC 9113, 7: INTERNAL_ERROR. On a stream it is a defect, unless the whole connection is being cut: Node ends a session
 * and its open streams so for what its peer did wrong that nghttp2 does not answer itself, such as a PING that
 * acknowledges nothing.
 */
const INTERNAL_ERROR = 2;

/** Bytes on a socket that began as HTTP/2. An input is what is written, piece by piece. */
export const http2Target: FuzzTarget = {
  name: 'http2',
  async open(): Promise<OpenTarget> {
    const gateway = await FuzzedGateway.start();
    const recordings = await recordTraffic(gateway.url);
    const recorded = recordings
      .flatMap(({ connections }) => connections)
      .filter(([first]) => first !== undefined && Buffer.from(first).subarray(0, 3).toString() === 'PRI')
      .map((pieces) => glue(...pieces));
    const made = requests.map((request, index) => connectionWith(requestFrames(request, 2 * index + 1)));
    return {
      seeds: [...recorded, ...made].map((bytes) => [bytes]),
      width: 24,
      costMs: 1500,
      isStream: true,
      generate,
      run: async (input) => judge(await exchangeBytes(gateway.port, input)),
      faults: () => gateway.faults(),
      check: () => gateway.check(),
      close: () => gateway.close(),
    };
  },
};

function judge({ bytes, ended }: RawAnswer): Verdict {
  const { streams, goAway, fault } = readHttp2(bytes);
  if (fault !== undefined) return wrong(`what the gateway sent is no HTTP/2: ${fault}`);
  const verdicts = streams.map((stream) => judgeStream(stream, ended || goAway !== undefined));
  const bad = verdicts.find(({ violation }) => violation !== undefined);
  if (bad !== undefined) return bad;
  const good = verdicts.find(({ kind }) => kind.startsWith('accepted'));
  if (good !== undefined)
    return { kind: goAway === undefined ? 'accepted' : `accepted, then GOAWAY ${goAway}` };
  if (goAway !== undefined) return { kind: `GOAWAY ${goAway}` };
  return verdicts[0] ?? { kind: bytes.length === 0 ? 'nothing' : 'no answer' };
}

function judgeStream({ headers, trailers, body, isEnded, reset }: StreamAnswer, isCut: boolean): Verdict {
  if (reset === INTERNAL_ERROR && !isCut) return wrong('RST_STREAM INTERNAL_ERROR');
  if (headers === undefined) return { kind: reset === undefined ? 'no answer' : `RST_STREAM ${reset}` };
  const status = Number(headers.get(':status'));
  return judgeAnswer({ status, headers, trailers, body, isEnded });
}

function requestFrames(request: Request, stream: number): Http2Frame[] {
  const { method, path, fields, body } = request;
  const pseudo: Field[] = [
    [':method', method],
    [':scheme', 'http'],
    [':authority', '127.0.0.1'],
    [':path', path],
  ];
  const block = encodeFields([...pseudo, ...fields]);
  const isWhole = body.length === 0;
  const headers = http2Frame(FrameType.HEADERS, END_HEADERS | (isWhole ? END_STREAM : 0), stream, block);
  return isWhole ? [headers] : [headers, http2Frame(FrameType.DATA, END_STREAM, stream, body)];
}

function connectionWith(frames: readonly Http2Frame[]): Uint8Array {
  const hello = http2Frame(FrameType.SETTINGS, 0, 0, settings([2, 0], [4, 65_535]));
  const taken = http2Frame(FrameType.SETTINGS, 1, 0, new Uint8Array(0));
  return glue(PREFACE, ...[hello, taken, ...frames].map(writeFrame));
}

function generate(random: Random, pool: readonly Input[]): Input {
  const whole = (): Uint8Array => glue(...random.pick(pool));
  let bytes = whole();
  if (!random.chance(6)) {
    let frames = framesOf(bytes);
    const rounds = 1 + random.below(4);
    for (let round = 0; round < rounds; round += 1) frames = changeFrames(random, frames, framesOf(whole()));
    bytes = glue(
      random.chance(60) ? PREFACE.subarray(0, random.below(25)) : PREFACE,
      ...frames.map(writeFrame),
    );
  }
  if (random.chance(4)) bytes = mutateBytes(random, bytes, [whole()]);
  return resegment(random, [bytes]);
}

function framesOf(bytes: Uint8Array): Http2Frame[] {
  return readFrames(bytes.subarray(PREFACE.length));
}

function changeFrames(random: Random, frames: Http2Frame[], others: readonly Http2Frame[]): Http2Frame[] {
  const at = random.below(frames.length + 1);
  const frame = frames[Math.min(at, frames.length - 1)];
  if (frame === undefined || random.chance(3)) return frames.toSpliced(at, 0, ...strange(random, frames));
  if (random.chance(4)) return shuffle(random, frames, others);
  return frames.toSpliced(frames.indexOf(frame), 1, ...changed(random, frame, others));
}

/** A frame with one thing about it different. */
function changed(random: Random, frame: Http2Frame, others: readonly Http2Frame[]): Http2Frame[] {
  const { payload } = frame;
  switch (random.below(9)) {
    case 0:
      return [{ ...frame, type: random.below(20) }];
    case 1:
      return [{ ...frame, flags: frame.flags ^ (1 << random.below(8)) }];
    case 2:
      return [{ ...frame, stream: streamId(random) }];
    case 3:
      return [{ ...frame, lengthError: random.pick([-payload.length, -1, 1, 8, 16_384, 0xffffff]) }];
    case 4:
      return [{ ...frame, flags: frame.flags | PADDED, payload: glue([random.below(256)], payload) }];
    case 5:
      return [
        {
          ...frame,
          flags: frame.flags | PRIORITY_FLAG,
          payload: glue(uint32(streamId(random)), [16], payload),
        },
      ];
    case 6: {
      // In two: DATA stays DATA, a header block goes on in a CONTINUATION.
      const cut = random.below(payload.length + 1);
      const isBlock = frame.type === FrameType.HEADERS;
      const first = {
        ...frame,
        flags: frame.flags & ~(isBlock ? END_HEADERS : END_STREAM),
        payload: payload.subarray(0, cut),
      };
      const type = isBlock ? FrameType.CONTINUATION : frame.type;
      const second = {
        ...frame,
        type,
        flags: isBlock ? END_HEADERS : frame.flags,
        payload: payload.subarray(cut),
      };
      return random.chance(4) ? [first, ...strange(random, [frame]), second] : [first, second];
    }
    case 7:
      return Array.from({ length: random.pick([2, 3, 50]) }, () => frame);
    default: {
      const spliced = others.map((other) => other.payload);
      return [{ ...frame, payload: mutateBytes(random, payload, spliced.length > 0 ? spliced : [payload]) }];
    }
  }
}

function streamId(random: Random): number {
  return random.chance(3)
    ? random.pick([0, 1, 2, 3, 0x7fffffff, 0x80000001, 0xffffffff])
    : 1 + random.below(40);
}

/** Frames that clients of ours do not send, or not there. */
function strange(random: Random, frames: readonly Http2Frame[]): Http2Frame[] {
  const stream = random.chance(2) ? (frames[random.below(frames.length)]?.stream ?? 1) : streamId(random);
  const value = random.pick(EDGES);
  const next = Math.max(1, ...frames.map((frame) => frame.stream)) + (random.chance(8) ? 1 : 2);
  switch (random.below(13)) {
    case 0:
      return [http2Frame(FrameType.SETTINGS, 0, 0, settings([random.below(10), value]))];
    case 1:
      return [
        http2Frame(FrameType.SETTINGS, random.below(2), stream, settings([3, 100]).subarray(random.below(6))),
      ];
    case 2:
      return [http2Frame(FrameType.WINDOW_UPDATE, 0, random.chance(2) ? 0 : stream, uint32(value))];
    case 3:
      return [http2Frame(FrameType.RST_STREAM, 0, stream, uint32(random.below(16)))];
    case 4:
      return [
        http2Frame(
          FrameType.PING,
          random.below(2),
          random.chance(6) ? stream : 0,
          new Uint8Array(random.chance(6) ? 7 : 8),
        ),
      ];
    case 5:
      return [http2Frame(FrameType.GOAWAY, 0, 0, glue(uint32(random.below(9)), uint32(random.below(16))))];
    case 6:
      return [
        http2Frame(
          FrameType.PRIORITY,
          0,
          stream,
          glue(uint32(random.chance(2) ? stream : value), [random.below(256)]),
        ),
      ];
    case 7:
      return [http2Frame(FrameType.PUSH_PROMISE, END_HEADERS, stream, glue(uint32(2), [0x82]))];
    case 8:
      return [
        http2Frame(FrameType.CONTINUATION, random.chance(2) ? END_HEADERS : 0, stream, Uint8Array.of(0x82)),
      ];
    case 9:
      return [
        http2Frame(10 + random.below(246), random.below(256), stream, new Uint8Array(random.below(20))),
      ];
    case 10:
      return [
        http2Frame(
          FrameType.DATA,
          random.chance(2) ? END_STREAM : 0,
          stream,
          new Uint8Array(random.pick([0, 0, 5, 100, 17_000])),
        ),
      ];
    case 11:
      // Trailers, or a second header block.
      return [
        http2Frame(
          FrameType.HEADERS,
          END_HEADERS | (random.chance(2) ? END_STREAM : 0),
          stream,
          encodeFields([['x-more', '1']]),
        ),
      ];
    default:
      return requestFrames(random.pick(requests), next & 0x7fffffff);
  }
}
