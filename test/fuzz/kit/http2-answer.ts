import { type Field, FieldDecoder } from './hpack.ts';
import { END_HEADERS, END_STREAM, FrameType, type Http2Frame, readFrames } from './http2-frames.ts';

/** What a gateway answered on one stream. */
export interface StreamAnswer {
  readonly stream: number;
  /** Header fields of the response; undefined: none came. */
  headers: ReadonlyMap<string, string> | undefined;
  trailers: ReadonlyMap<string, string> | undefined;
  body: Buffer;
  /** The response is complete. */
  isEnded: boolean;
  /** Error code of RST_STREAM. */
  reset: number | undefined;
}

export interface Http2Answer {
  readonly streams: readonly StreamAnswer[];
  /** Error code of GOAWAY. */
  readonly goAway: number | undefined;
  /** The gateway's own bytes are no HTTP/2. */
  readonly fault: string | undefined;
}

/** Reads all that a gateway sent over one connection. */
export function readHttp2(bytes: Uint8Array): Http2Answer {
  const streams = new Map<number, StreamAnswer>();
  const decoder = new FieldDecoder();
  let goAway: number | undefined;
  let block: { frame: Http2Frame; parts: Uint8Array[] } | undefined;
  try {
    for (const frame of readFrames(bytes)) {
      const { type, flags, payload } = frame;
      if (type === FrameType.GOAWAY) goAway = uint32At(payload, 4);
      if (frame.stream === 0) continue;
      const answer = answerOf(streams, frame.stream);
      if (type === FrameType.RST_STREAM) answer.reset = uint32At(payload, 0);
      if (type === FrameType.DATA) answer.body = Buffer.concat([answer.body, payload]);
      if (type === FrameType.HEADERS) block = { frame, parts: [payload] };
      if (type === FrameType.CONTINUATION) block?.parts.push(payload);
      if (block !== undefined && (flags & END_HEADERS) !== 0 && type !== FrameType.DATA) {
        note(answer, decoder.decode(Buffer.concat(block.parts)));
        if ((block.frame.flags & END_STREAM) !== 0) answer.isEnded = true;
        block = undefined;
      }
      if (type === FrameType.DATA && (flags & END_STREAM) !== 0) answer.isEnded = true;
    }
  } catch (error) {
    return { streams: [...streams.values()], goAway, fault: String(error) };
  }
  return { streams: [...streams.values()], goAway, fault: undefined };
}

function answerOf(streams: Map<number, StreamAnswer>, stream: number): StreamAnswer {
  const known = streams.get(stream);
  if (known !== undefined) return known;
  const made: StreamAnswer = {
    stream,
    headers: undefined,
    trailers: undefined,
    body: Buffer.alloc(0),
    isEnded: false,
    reset: undefined,
  };
  streams.set(stream, made);
  return made;
}

function note(answer: StreamAnswer, fields: readonly Field[]): void {
  const map = new Map(fields);
  if (map.get(':status')?.startsWith('1')) return;
  if (answer.headers === undefined) answer.headers = map;
  else answer.trailers = map;
}

function uint32At(bytes: Uint8Array, at: number): number {
  return bytes.length < at + 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}
