import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Lane, LaneCloseCause, LaneEvents, LaneViolation, OpenLane } from '../../../src/core/lane.ts';
import { type AcceptOptions, acceptWebSocket } from '../../../src/lanes/websocket/accept.ts';
import { type Schedule, systemSchedule } from '../../../src/lanes/websocket/linger.ts';
import { waitUntil } from './wait-until.ts';

/** What the fake core saw of one lane. Frames are copied, as the contract demands of who keeps them. */
export class SeenLane {
  readonly lane: Lane;
  readonly frames: Buffer[] = [];
  readonly causes: LaneCloseCause[] = [];
  readonly violations: LaneViolation[] = [];
  drains = 0;
  /** What `frame` answers. */
  ready = true;

  constructor(lane: Lane) {
    this.lane = lane;
  }
}

/** How the fake core behaves beyond recording. */
export interface CoreScript {
  opened?(seen: SeenLane): void;
  /** Its result overrides `SeenLane.ready`. */
  frame?(seen: SeenLane, frame: Buffer): boolean | undefined;
  violated?(seen: SeenLane, violation: LaneViolation): void;
}

/** An HTTP server whose upgrades open lanes on a fake core. Dispose it: it fails when a timer or socket is left. */
export class LaneServer {
  readonly port: number;
  readonly seen: SeenLane[] = [];
  readonly sockets = new Set<Socket>();
  timers = 0;
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  static async start(
    script: CoreScript = {},
    options: Partial<AcceptOptions> = {},
    classic?: (open: OpenLane, schedule: Schedule) => NonNullable<AcceptOptions['openClassic']>,
  ): Promise<LaneServer> {
    const http = createServer((_request, response) => response.writeHead(404).end());
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const server = new LaneServer((http.address() as AddressInfo).port, async () => {
      http.close();
      await once(http, 'close');
    });
    const schedule: Schedule = (callback, milliseconds) => {
      server.timers++;
      let ended = false;
      const end = () => {
        if (!ended) server.timers--;
        ended = true;
      };
      const cancel = systemSchedule(() => {
        end();
        callback();
      }, milliseconds);
      return () => {
        end();
        cancel();
      };
    };
    http.on('connection', (socket) => {
      server.sockets.add(socket);
      socket.on('close', () => server.sockets.delete(socket));
    });
    const open: OpenLane = (lane) => server.#open(lane, script);
    const openClassic = classic?.(open, schedule);
    http.on('upgrade', (request, socket, head) => {
      acceptWebSocket(request, socket, head, {
        open,
        ...(openClassic === undefined ? {} : { openClassic }),
        address: '127.0.0.1',
        maxMessageBytes: 300_000,
        closeTimeoutMs: 500,
        schedule,
        ...options,
      });
    });
    return server;
  }

  url(path = '/ws'): string {
    return `ws://127.0.0.1:${this.port}${path}`;
  }

  /** The lane that was opened as number `index`, once it was. */
  async lane(index = 0): Promise<SeenLane> {
    await waitUntil(() => this.seen.length > index, `lane ${index} is opened`);
    const seen = this.seen[index];
    if (seen === undefined) throw new Error('unreachable');
    return seen;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await this.#close();
    await waitUntil(() => this.timers === 0, 'no timer is left');
  }

  #open(lane: Lane, script: CoreScript): LaneEvents {
    const seen = new SeenLane(lane);
    this.seen.push(seen);
    script.opened?.(seen);
    return {
      frame(bytes) {
        const frame = Buffer.from(bytes);
        seen.frames.push(frame);
        return script.frame?.(seen, frame) ?? seen.ready;
      },
      drained() {
        seen.drains++;
      },
      closed(cause) {
        seen.causes.push(cause);
      },
      violated(violation) {
        seen.violations.push(violation);
        if (script.violated !== undefined) script.violated(seen, violation);
        else lane.end({ status: 'invalid_argument', message: violation.detail });
      },
    };
  }
}

/** Encodes `ConnectRequest { frame }` from the bytes of a frame, independently of the code under test. */
export function request(frame: Uint8Array | string): Buffer {
  const bytes = Buffer.from(frame);
  const length: number[] = [];
  let rest = bytes.length;
  while (rest > 127) {
    length.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.concat([Buffer.from([0x0a, ...length, rest]), bytes]);
}

/** What the lane's framing puts on the wire for these frames, joined as the pump joins them. */
export function framed(lane: Lane, ...frames: readonly Uint8Array[]): Buffer {
  const { framing } = lane;
  return Buffer.concat(
    frames.map((frame) => {
      if (framing.kind === 'transcode') return framing.encode(frame);
      const size = framing.prefixSize(frame.length);
      const out = Buffer.alloc(size + frame.length);
      if (framing.writePrefix(out, 0, frame.length) !== size)
        throw new Error('prefixSize and writePrefix differ');
      out.set(frame, size);
      return out;
    }),
  );
}

/** A client frame, masked, with every field free to be wrong. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array | string = '',
  change: { fin?: boolean; rsv?: number; masked?: boolean; length?: 'short' | 'medium' | 'long' } = {},
): Buffer {
  const { fin = true, rsv = 0, masked = true } = change;
  const bytes = Buffer.from(payload);
  const natural = bytes.length < 126 ? 'short' : bytes.length < 65536 ? 'medium' : 'long';
  const length = change.length ?? natural;
  const head = Buffer.alloc(length === 'short' ? 2 : length === 'medium' ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (length === 'short' ? bytes.length : length === 'medium' ? 126 : 127);
  if (length === 'medium') head.writeUInt16BE(bytes.length, 2);
  if (length === 'long') head.writeBigUInt64BE(BigInt(bytes.length), 2);
  if (!masked) return Buffer.concat([head, bytes]);
  const key = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  return Buffer.concat([head, key, bytes.map((byte, index) => byte ^ (key[index & 3] ?? 0))]);
}

/** A raw socket that has spoken a valid upgrade request, with all that it received. */
export class RawClient {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', () => {});
  }

  /** Connects and sends `text`. */
  static async send(port: number, text: string): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const client = new RawClient(socket);
    await once(socket, 'connect');
    socket.write(text);
    return client;
  }

  /** Connects and upgrades. */
  static async open(
    port: number,
    subprotocol = 'signalbox.v1.proto',
    early = Buffer.alloc(0),
  ): Promise<RawClient> {
    const client = await RawClient.send(port, '');
    client.socket.write(
      Buffer.concat([Buffer.from(upgradeRequest({ 'sec-websocket-protocol': subprotocol })), early]),
    );
    await waitUntil(() => client.received.includes('\r\n\r\n'), 'the upgrade is answered');
    return client;
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** What came behind the HTTP response. */
  get payload(): Buffer {
    const { received } = this;
    return received.subarray(received.indexOf('\r\n\r\n') + 4);
  }

  /** Code and reason of the Close frame that ends the stream; waits for the server's half-close. */
  async closeFrame(): Promise<{ code: number; reason: string }> {
    await waitUntil(() => this.ended || this.socket.destroyed, 'the server ends the stream');
    const frame = lastFrame(this.payload);
    if (frame === undefined || frame.opcode !== 8) return { code: 1006, reason: '' };
    return { code: frame.payload.readUInt16BE(0), reason: frame.payload.toString('utf8', 2) };
  }
}

/** The frames of a server's stream, which must be whole and unmasked. */
export function serverFrames(stream: Buffer): { opcode: number; payload: Buffer }[] {
  const frames: { opcode: number; payload: Buffer }[] = [];
  let rest = stream;
  while (rest.length > 0) {
    const short = rest.readUInt8(1);
    if (short > 127) throw new Error('the server masked a frame');
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length =
      short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < head + length) throw new Error('a frame is cut off');
    frames.push({ opcode: rest.readUInt8(0) & 15, payload: rest.subarray(head, head + length) });
    rest = rest.subarray(head + length);
  }
  return frames;
}

function lastFrame(stream: Buffer): { opcode: number; payload: Buffer } | undefined {
  return serverFrames(stream).at(-1);
}

/** A valid upgrade request; `change` sets headers, undefined removes one. */
export function upgradeRequest(
  change: Record<string, string | undefined> = {},
  start = 'GET /ws HTTP/1.1',
): string {
  const headers = {
    host: '127.0.0.1',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'signalbox.v1.proto',
    ...change,
  };
  const lines = Object.entries(headers).filter(([, value]) => value !== undefined);
  return `${start}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
