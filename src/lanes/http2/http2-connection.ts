import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { readTogether } from '../read-together.ts';
import { BegunRequests } from './begun-requests.ts';
import { FrameReader } from './frame-reader.ts';
import { frame, goAwayFrame, resetFrame, SETTINGS_ACK, settingsFrame, windowUpdateFrame } from './frames.ts';
import { HeaderDecoder } from './header-decoder.ts';
import type { DecodedFields } from './hpack/decoder.ts';
import type { Http2Limits, Http2Owner } from './http2-owner.ts';
import { Http2Stream } from './http2-stream.ts';
import { Outflow } from './outflow.ts';
import { type PeerEvents, PeerFrames } from './peer-frames.ts';
import { PeerSettings } from './peer-settings.ts';
import type { PeerStream, StreamHost } from './peer-stream.ts';
import {
  ErrorCode,
  Flag,
  FrameType,
  Http2Fault,
  INITIAL_WINDOW_BYTES,
  MOST_WINDOW_BYTES,
  protocolError,
  Setting,
} from './protocol.ts';
import { areTrailers, readRequestHead } from './request-head.ts';
import { ResetWatch } from './reset-watch.ts';
import { StreamTable } from './stream-table.ts';

/** Where Node's own server tells of its streams (lib/internal/http2/core.js): whoever watches the one watches the other. */
const created = channel('http2.server.stream.created');
const closed = channel('http2.server.stream.close');
/** Heads of answers and resets that a peer may leave unread: content waits for the socket where it is made. */
const MOST_UNREAD_BYTES = 2 ** 21;
/** How much of what still comes is read for the peer to be able to read its end. */
const MOST_DISCARDED_BYTES = 320 * 1024;

/**
 * The server's end of an HTTP/2 connection (RFC 9113), on a socket of which nothing but the choice of the protocol was read.
 *
 * `open` takes requests; `closing` has said GOAWAY and ends behind its last stream; `ended` has said its last word and throws
 * away what comes; `gone` has no socket.
 */
export class Http2Connection implements PeerEvents, StreamHost {
  readonly outflow: Outflow;
  readonly #socket: Socket;
  readonly #limits: Http2Limits;
  readonly #owner: Http2Owner;
  readonly #reader: FrameReader;
  readonly #decoder: HeaderDecoder;
  readonly #settings = new PeerSettings();
  readonly #streams = new StreamTable<PeerStream>();
  #state: 'open' | 'closing' | 'ended' | 'gone' = 'open';
  /** The peer has acknowledged our settings. */
  #isHeard = false;
  /** The peer takes more than before. */
  #hasRoom = false;
  #lastId = 0;
  /** The last one that may have been served. */
  #lastServed = 0;
  /** Bytes of DATA that came and were not given back: those of a connection are as soon as there are some. */
  #taken = 0;
  #discarded = 0;
  readonly #begun = new BegunRequests();
  /** Of streams that were given up. */
  #resets: ResetWatch | undefined;

  constructor(socket: Socket, limits: Http2Limits, owner: Http2Owner) {
    this.#socket = socket;
    this.#limits = limits;
    this.#owner = owner;
    this.outflow = new Outflow(socket);
    this.#reader = new FrameReader(new PeerFrames(this));
    this.#decoder = new HeaderDecoder(limits);
  }

  /** Says its settings and begins to read. */
  start(): void {
    const socket = this.#socket;
    const { streams, streamWindowBytes, headerBytes, connectionWindowBytes } = this.#limits;
    this.outflow.write(
      settingsFrame([
        [Setting.MAX_CONCURRENT_STREAMS, streams],
        [Setting.INITIAL_WINDOW_SIZE, streamWindowBytes],
        [Setting.MAX_HEADER_LIST_SIZE, headerBytes],
      ]),
    );
    const wider = connectionWindowBytes - INITIAL_WINDOW_BYTES;
    if (wider > 0) this.outflow.write(windowUpdateFrame(0, wider));
    readTogether(socket);
    socket.on('data', this.#onData);
    socket.on('drain', this.#onDrain);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onGone);
    socket.on('close', this.#onGone);
    socket.resume();
  }

  /** Open streams. */
  get streams(): number {
    return this.#streams.size;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Answers that are complete and wait for the peer to make room. */
  countUnread(): number {
    return this.#streams.count(({ isUnread }) => isUnread);
  }

  /** Takes no more requests; open streams go on, and the socket ends behind the last. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.outflow.write(goAwayFrame(this.#lastServed, ErrorCode.NO_ERROR, ''));
    this.#endIfIdle();
  }

  /** Ends at once, with a GOAWAY of this code; the socket is the owner's to destroy. */
  abort(code: number, detail: string): void {
    if (this.#isOver) return;
    this.#end(goAwayFrame(this.#lastServed, code, detail));
  }

  /** @internal of its streams, as all below */
  resetStream(stream: PeerStream, code: number): void {
    this.#writeReset(stream.id, code);
    this.forget(stream);
  }

  /** @internal */
  giveUp(stream: PeerStream, code: number): void {
    this.resetStream(stream, code);
    if (this.#isOver) return;
    this.#resets ??= new ResetWatch(this.#socket, this.outflow);
    this.#resets.watch();
  }

  /** @internal */
  forget(stream: PeerStream): void {
    if (!this.#streams.delete(stream)) return;
    if (closed.hasSubscribers) closed.publish({ stream });
    if (this.#streams.size > 0) return;
    if (this.#isOver) return;
    this.#owner.idle();
    this.#endIfIdle();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (this.#state === 'ended') {
      this.#discarded += chunk.length;
      if (this.#discarded > MOST_DISCARDED_BYTES) this.#socket.destroy();
      return;
    }
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof Http2Fault)) throw error;
      this.#fail(error);
    }
    if (this.#isOver) return;
    this.#owner.received(chunk.length);
    if (this.outflow.pendingBytes > MOST_UNREAD_BYTES) this.#owner.flooded('answers that are not read');
    if (this.#isOver) return;
    this.#begun.serve(this.#owner);
    if (!this.#hasRoom || this.#isOver) return;
    this.#hasRoom = false;
    if (!this.outflow.isFull) this.outflow.goOn();
  };

  readonly #onDrain = (): void => {
    this.outflow.flush();
    if (!this.outflow.isFull) this.outflow.goOn();
  };

  /** A client that half-closes is gone; one that has read our last word may end before that is out. */
  readonly #onEnd = (): void => {
    if (this.#state !== 'ended') this.#onGone();
  };

  /** The socket ended, failed or was destroyed. */
  readonly #onGone = (): void => {
    this.#socket.destroy();
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#release();
  };

  #release(): void {
    this.#resets?.stop();
    this.#reader.stop();
    this.#begun.clear();
    this.outflow.clear();
    for (const stream of [...this.#streams.values()]) {
      this.#streams.delete(stream);
      if (closed.hasSubscribers) closed.publish({ stream });
      stream.dropped();
    }
  }

  #fail(fault: Http2Fault): void {
    if (this.#isOver) return;
    this.#end(goAwayFrame(this.#lastServed, fault.code, fault.message));
    this.#owner.failed(fault.message);
  }

  #end(last: Uint8Array | undefined): void {
    this.#state = 'ended';
    this.outflow.close(last);
    this.#release();
  }

  #endIfIdle(): void {
    if (this.#state === 'closing' && this.#streams.size === 0) this.#end(undefined);
  }

  /** @internal of the frames, as all below */
  headers(id: number, block: Uint8Array, isLast: boolean): void {
    const fields = this.#decoder.decode(block);
    if (id > this.#lastId) {
      this.#lastId = id;
      this.#begin(id, fields, isLast);
      return;
    }
    const stream = this.#streams.get(id);
    // One that is over: it may be that the peer has not heard of it.
    if (stream === undefined) return;
    if (stream.isRemoteClosed) throw new Http2Fault(ErrorCode.STREAM_CLOSED, 'HEADERS behind END_STREAM');
    if (fields === 'too-large') this.#refuse(stream, ErrorCode.ENHANCE_YOUR_CALM);
    else if (isLast && areTrailers(fields)) this.#check(stream, stream.finish());
    else this.#refuse(stream, ErrorCode.PROTOCOL_ERROR);
  }

  #begin(id: number, fields: DecodedFields, isLast: boolean): void {
    // Behind our GOAWAY; the peer knows that nothing comes of it.
    if (this.#state !== 'open') return;
    this.#lastServed = id;
    this.#owner.opened();
    if (!this.isOpen) return;
    if (this.#streams.size >= this.#limits.streams) {
      this.#writeReset(id, ErrorCode.REFUSED_STREAM);
      return;
    }
    const head = fields === 'too-large' ? undefined : readRequestHead(fields);
    if (head === undefined || (isLast && head.contentLength > 0)) {
      this.#writeReset(id, fields === 'too-large' ? ErrorCode.ENHANCE_YOUR_CALM : ErrorCode.PROTOCOL_ERROR);
      return;
    }
    this.#owner.admitted();
    const stream = new Http2Stream(this, {
      id,
      sendWindow: this.#settings.windowBytes,
      receiveWindow: this.#receiveWindow,
      contentLength: head.contentLength,
    });
    stream.isRemoteClosed = isLast;
    this.#streams.add(stream);
    if (created.hasSubscribers) created.publish({ stream, headers: head.headers() });
    this.#begun.add(stream, head, this.#owner, this.#streams.size);
  }

  /** @internal */
  data(id: number, bytes: Uint8Array, start: number, end: number, flowBytes: number, isLast: boolean): void {
    this.#giveBack(flowBytes);
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#checkBegun(id, 'DATA');
      return;
    }
    if (stream.isRemoteClosed) throw new Http2Fault(ErrorCode.STREAM_CLOSED, 'DATA behind END_STREAM');
    if (end > start) this.#owner.content(end - start);
    if (this.#isOver) return;
    this.#check(stream, stream.data(bytes, start, end, flowBytes, isLast));
  }

  /** Until the peer has heard of ours, it goes by the one that all begin with. */
  get #receiveWindow(): number {
    const { streamWindowBytes } = this.#limits;
    return this.#isHeard ? streamWindowBytes : Math.max(streamWindowBytes, INITIAL_WINDOW_BYTES);
  }

  get #isOver(): boolean {
    return this.#state === 'ended' || this.#state === 'gone';
  }

  /** A stream that is not read holds up itself alone: what came counts for the connection no more. */
  #giveBack(bytes: number): void {
    this.#taken += bytes;
    const most = Math.max(this.#limits.connectionWindowBytes, INITIAL_WINDOW_BYTES);
    if (this.#taken > most) throw new Http2Fault(ErrorCode.FLOW_CONTROL_ERROR, 'more than its window');
    if (2 * this.#taken < most) return;
    this.outflow.write(windowUpdateFrame(0, this.#taken));
    this.#taken = 0;
  }

  /** @internal */
  reset(id: number, code: number): void {
    this.#checkBegun(id, 'RST_STREAM');
    const stream = this.#streams.get(id);
    // It may have been over already for us.
    this.#owner.reset('peer', stream === undefined ? ErrorCode.NO_ERROR : code);
    if (stream === undefined || this.#isOver) return;
    stream.wasReset(code);
    this.forget(stream);
  }

  /** @internal */
  settings(bytes: Uint8Array, start: number, end: number): void {
    this.#owner.settings();
    if (this.#isOver) return;
    const before = this.#settings.windowBytes;
    this.#settings.read(bytes, start, end);
    const wider = this.#settings.windowBytes - before;
    this.#hasRoom = true;
    if (wider !== 0) for (const stream of this.#streams.values()) stream.shift(wider);
    this.#acknowledge(SETTINGS_ACK);
  }

  /** @internal */
  acknowledged(): void {
    this.#isHeard = true;
  }

  /** @internal */
  ping(bytes: Uint8Array, start: number, end: number): void {
    this.#acknowledge(frame(FrameType.PING, Flag.ACK, 0, bytes, start, end));
  }

  #acknowledge(answer: Uint8Array): void {
    if (!this.outflow.acknowledge(answer)) this.#owner.flooded('acknowledgements that are not read');
  }

  /** @internal */
  goAway(code: number): void {
    if (code !== ErrorCode.NO_ERROR) {
      // It has found an error of ours, and wants nothing more.
      this.abort(ErrorCode.NO_ERROR, '');
      this.#socket.destroySoon();
      return;
    }
    this.#owner.departing();
    this.close();
  }

  /** @internal */
  widen(id: number, increment: number): void {
    this.#hasRoom = true;
    if (id === 0) {
      if (increment === 0) throw protocolError('WINDOW_UPDATE of nothing');
      if (this.outflow.window + increment > MOST_WINDOW_BYTES) {
        throw new Http2Fault(ErrorCode.FLOW_CONTROL_ERROR, 'a window beyond 2^31 - 1');
      }
      this.outflow.window += increment;
      return;
    }
    this.#checkBegun(id, 'WINDOW_UPDATE');
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (increment === 0) this.#refuse(stream, ErrorCode.PROTOCOL_ERROR);
    else this.#check(stream, stream.widen(increment));
  }

  #checkBegun(id: number, what: string): void {
    if (id % 2 === 0 || id > this.#lastId) throw protocolError(`${what} of a stream that is not open`);
  }

  /** @param code of the error that the last frame of the stream was */
  #check(stream: PeerStream, code: number | undefined): void {
    if (code !== undefined) this.#refuse(stream, code);
  }

  /** Ends a stream whose peer broke its rules. */
  #refuse(stream: PeerStream, code: number): void {
    stream.wasReset(code);
    this.resetStream(stream, code);
  }

  #writeReset(id: number, code: number): void {
    this.outflow.write(resetFrame(id, code));
    if (code !== ErrorCode.NO_ERROR) this.#owner.reset('gateway', code);
  }
}
