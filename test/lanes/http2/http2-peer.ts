import { connect, type Socket } from 'node:net';
import { encodeFields, type Field, FieldDecoder } from '../../fuzz/kit/hpack.ts';
import {
  END_HEADERS,
  END_STREAM,
  FrameType,
  type Http2Frame,
  http2Frame,
  PREFACE,
  readFrames,
  settings,
  uint32,
  writeFrame,
} from '../../fuzz/kit/http2-frames.ts';
import { FlowLedger } from './flow-ledger.ts';

export const ACK = 1;

/** RFC 9113, section 6.5.2. */
export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** RFC 9113, section 7. */
export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
} as const;

export interface PeerOptions {
  readonly settings?: readonly (readonly [id: number, value: number])[];
  /** Sends the preface, its SETTINGS, and acknowledges those of the gateway. Default true. */
  readonly greets?: boolean;
  /** Gives back what each DATA frame took from the windows. Default true. */
  readonly givesWindow?: boolean;
  /** The address that it comes from. */
  readonly localAddress?: string;
}

/** What came on one stream. */
export interface StreamView {
  readonly headers: ReadonlyMap<string, string> | undefined;
  readonly trailers: ReadonlyMap<string, string> | undefined;
  readonly body: Buffer;
  readonly bytes: number;
  /** END_STREAM came. */
  readonly ended: boolean;
  /** Code of RST_STREAM. */
  readonly reset: number | undefined;
}

interface OpenView extends StreamView {
  headers: ReadonlyMap<string, string> | undefined;
  trailers: ReadonlyMap<string, string> | undefined;
  chunks: Buffer[];
  bytes: number;
  ended: boolean;
  reset: number | undefined;
}

const patienceMs = 4_000;

/**
 * One end of an HTTP/2 connection that sends whatever frames a test wants, and judges what comes: `faults` has what no
 * gateway may send, whatever its peer does.
 */
export class Http2Peer {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  readonly faults: string[] = [];
  /** Received frames without DATA, in order. */
  readonly frames: Http2Frame[] = [];
  readonly #options: PeerOptions;
  readonly #decoder = new FieldDecoder();
  readonly #views = new Map<number, OpenView>();
  readonly #ledger: FlowLedger;
  readonly #waiting = new Set<() => void>();
  #held: Buffer = Buffer.alloc(0);
  #block: { readonly stream: number; readonly ends: boolean; readonly parts: Uint8Array[] } | undefined;
  #maxFrame = 16_384;
  #nextStream = 1;
  #pings = 0;
  isClosed = false;
  /** Frames are sent past this class: what is acknowledged cannot be told. */
  isFlooding = false;

  private constructor(socket: Socket, options: PeerOptions) {
    this.socket = socket;
    this.#options = options;
    this.#ledger = new FlowLedger((fault) => this.faults.push(fault));
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.isClosed = true;
        this.#check();
        resolve();
      }),
    );
  }

  static async connect(port: number, options: PeerOptions = {}): Promise<Http2Peer> {
    const { localAddress } = options;
    const socket = connect({
      port,
      host: '127.0.0.1',
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    const peer = new Http2Peer(socket, options);
    if (options.greets !== false) {
      peer.raw(PREFACE);
      peer.settings(...(options.settings ?? []));
    }
    return peer;
  }

  /** The code of the GOAWAY that tells an error, else of the last one; undefined: none came. */
  get goAway(): number | undefined {
    const codes = this.frames
      .filter(({ type }) => type === FrameType.GOAWAY)
      .map(({ payload }) => uint32At(payload, 4));
    return codes.find((code) => code !== 0) ?? codes.at(-1);
  }

  raw(...bytes: readonly Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(bytes));
  }

  send(...frames: readonly Http2Frame[]): void {
    for (const { type, flags, payload } of frames) {
      if (type === FrameType.SETTINGS && (flags & ACK) === 0) this.#noteSettings(payload);
    }
    this.raw(...frames.map(writeFrame));
  }

  frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): void {
    this.send(http2Frame(type, flags, stream, payload));
  }

  settings(...pairs: readonly (readonly [id: number, value: number])[]): void {
    this.frame(FrameType.SETTINGS, 0, 0, settings(...pairs));
  }

  widen(stream: number, bytes: number): void {
    this.#ledger.widen(stream, bytes);
    this.frame(FrameType.WINDOW_UPDATE, 0, stream, uint32(bytes));
  }

  /** Sends HEADERS on the next stream of this end; its number. */
  open(fields: readonly Field[], flags = END_STREAM): number {
    const stream = this.nextStream();
    this.expect(stream);
    this.frame(FrameType.HEADERS, END_HEADERS | flags, stream, encodeFields(fields));
    return stream;
  }

  /** A number that no stream has. */
  nextStream(): number {
    this.#nextStream += 2;
    return this.#nextStream - 2;
  }

  /** A stream that is opened by frames that a test makes itself. */
  expect(stream: number): number {
    this.#ledger.open(stream);
    this.#viewOf(stream);
    this.#nextStream = Math.max(this.#nextStream, stream + 2);
    return stream;
  }

  data(stream: number, bytes: Uint8Array | string, flags = 0): void {
    this.frame(FrameType.DATA, flags, stream, Buffer.from(bytes as string));
  }

  reset(stream: number, code: number = ErrorCode.CANCEL): void {
    this.#ledger.closed(stream);
    this.frame(FrameType.RST_STREAM, 0, stream, uint32(code));
  }

  view(stream: number): StreamView {
    const view = this.#viewOf(stream);
    return { ...view, body: Buffer.concat(view.chunks) };
  }

  /** What came on this stream, once it is ended or reset, or the connection is. */
  async answer(stream: number, withinMs = patienceMs): Promise<StreamView> {
    const isOver = () => {
      const { ended, reset } = this.#viewOf(stream);
      return ended || reset !== undefined || this.isClosed;
    };
    await this.until(isOver, `the end of stream ${stream}`, withinMs);
    return this.view(stream);
  }

  /** Waits for a PING's answer: what was sent before has been read. */
  async ping(): Promise<void> {
    this.#pings += 1;
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(0x5167, 0);
    payload.writeUInt32BE(this.#pings, 4);
    this.frame(FrameType.PING, 0, 0, payload);
    const isAnswer = ({ type, flags, payload: got }: Http2Frame) =>
      type === FrameType.PING && flags === ACK && payload.equals(got);
    await this.until(() => this.isClosed || this.frames.some(isAnswer), 'the answer to a PING');
    if (!this.frames.some(isAnswer)) throw new Error(`ended before it answered a PING: ${this.summary()}`);
  }

  /** Waits until this holds; whatever comes may be the reason. */
  async until(holds: () => boolean, what: string, withinMs = patienceMs): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const finish = (error?: Error) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        if (error === undefined) resolve();
        else reject(error);
      };
      const check = () => {
        if (holds()) finish();
      };
      const timer = setTimeout(
        () => finish(new Error(`waited ${withinMs} ms for ${what}: ${this.summary()}`)),
        withinMs,
      );
      this.#waiting.add(check);
    });
  }

  /** What came, in a line. */
  summary(): string {
    const names = this.frames.map(({ type, flags, stream, payload }) => {
      const name = Object.entries(FrameType).find(([, number]) => number === type)?.[0] ?? type;
      const code = type === FrameType.GOAWAY ? ` ${uint32At(payload, 4)}` : '';
      const reset = type === FrameType.RST_STREAM ? ` ${uint32At(payload, 0)}` : '';
      return `${name}${flags === 0 ? '' : `/${flags}`}@${stream}${code}${reset}`;
    });
    return `${names.join(' ')}${this.isClosed ? ' closed' : ''}`;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #noteSettings(payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    let window: number | undefined;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const [id, value] = [view.getUint16(at), view.getUint32(at + 2)];
      if (id === Setting.MAX_FRAME_SIZE) this.#maxFrame = Math.max(this.#maxFrame, value);
      if (id === Setting.INITIAL_WINDOW_SIZE) window = value;
    }
    this.#ledger.settings(window, this.#views.keys());
  }

  #receive(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const frames = readFrames(this.#held);
    const taken = frames.reduce((sum, { payload }) => sum + 9 + payload.length, 0);
    this.#held = this.#held.subarray(taken);
    for (const frame of frames) this.#take(frame);
    this.#check();
  }

  #check(): void {
    for (const check of this.#waiting) check();
  }

  #take(frame: Http2Frame): void {
    const { type, flags, stream, payload } = frame;
    if (this.frames.length === 0 && type !== FrameType.SETTINGS) this.#fault(frame, 'before SETTINGS');
    if (payload.length > this.#maxFrame) this.#fault(frame, `of ${payload.length} octets`);
    if (this.#block !== undefined && (type !== FrameType.CONTINUATION || stream !== this.#block.stream))
      this.#fault(frame, 'within a header block');
    if (type !== FrameType.DATA) this.frames.push(frame);
    if (stream !== 0) this.#takeOnStream(frame);
    else if (type === FrameType.SETTINGS) {
      if (flags === ACK && !this.isFlooding) this.#ledger.acknowledged();
      else if (flags === ACK) return;
      else if (this.#options.greets !== false) this.frame(FrameType.SETTINGS, ACK, 0);
    } else if (![FrameType.PING, FrameType.GOAWAY, FrameType.WINDOW_UPDATE].some((known) => known === type))
      this.#fault(frame, 'on stream 0');
  }

  #takeOnStream(frame: Http2Frame): void {
    const { type, flags, stream, payload } = frame;
    const view = this.#views.get(stream);
    if (view === undefined) {
      this.#fault(frame, 'on a stream that was not opened');
      return;
    }
    if (type === FrameType.RST_STREAM) {
      if (view.reset !== undefined) this.#fault(frame, 'twice');
      view.reset = uint32At(payload, 0);
      return;
    }
    if (type === FrameType.WINDOW_UPDATE) return;
    if (view.ended || view.reset !== undefined) this.#fault(frame, 'on a stream that it had ended');
    const ends = (flags & END_STREAM) !== 0;
    if (type === FrameType.DATA) {
      if (view.headers === undefined) this.#fault(frame, 'before its headers');
      this.#ledger.take(stream, payload.length);
      view.chunks.push(Buffer.from(payload));
      view.bytes += payload.length;
      view.ended ||= ends;
      if (this.#options.givesWindow !== false && payload.length > 0) {
        this.widen(0, payload.length);
        if (!ends) this.widen(stream, payload.length);
      }
    } else if (type === FrameType.HEADERS) this.#block = { stream, ends, parts: [payload] };
    else if (type === FrameType.CONTINUATION) this.#block?.parts.push(payload);
    else this.#fault(frame, 'from a server');
    if (type !== FrameType.DATA && (flags & END_HEADERS) !== 0) this.#closeBlock(view);
  }

  #closeBlock(view: OpenView): void {
    const block = this.#block;
    this.#block = undefined;
    if (block === undefined) return;
    const fields = new Map(this.#decoder.decode(Buffer.concat(block.parts)));
    if (fields.get(':status')?.startsWith('1')) return;
    if (view.headers === undefined) view.headers = fields;
    else {
      if (!block.ends) this.faults.push(`trailers on ${block.stream} that do not end it`);
      view.trailers = fields;
    }
    view.ended ||= block.ends;
  }

  #viewOf(stream: number): OpenView {
    const known = this.#views.get(stream);
    if (known !== undefined) return known;
    const made: OpenView = {
      headers: undefined,
      trailers: undefined,
      body: Buffer.alloc(0),
      chunks: [],
      bytes: 0,
      ended: false,
      reset: undefined,
    };
    this.#views.set(stream, made);
    return made;
  }

  #fault({ type, flags, stream }: Http2Frame, what: string): void {
    this.faults.push(`frame of type ${type}, flags ${flags}, stream ${stream} ${what}`);
  }
}

function uint32At(bytes: Uint8Array, at: number): number {
  return bytes.length < at + 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at);
}
