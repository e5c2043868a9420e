import type { Outflow } from './outflow.ts';
import { ErrorCode, Http2Fault, MOST_WINDOW_BYTES } from './protocol.ts';

/** What the connection knows of a request when its stream begins. */
export interface StreamBeginning {
  readonly id: number;
  /** Bytes of DATA that the peer takes on it. */
  readonly sendWindow: number;
  /** Bytes of DATA that the peer may send on it. */
  readonly receiveWindow: number;
  /** Bytes of content that were announced; -1: nothing was. */
  readonly contentLength: number;
}

/** A stream as its connection sees it: it keeps the books, and whoever serves the stream does the rest. */
export abstract class PeerStream {
  readonly id: number;
  /** The peer has sent all that it will. */
  isRemoteClosed = false;
  /** Bytes of DATA that the peer takes; below zero where it thought better of it. */
  protected sendWindow: number;
  #receiveWindow: number;
  /** Content still to come; below zero: as much as there is. */
  #contentLeft: number;

  constructor({ id, sendWindow, receiveWindow, contentLength }: StreamBeginning) {
    this.id = id;
    this.sendWindow = sendWindow;
    this.#receiveWindow = receiveWindow;
    this.#contentLeft = contentLength;
  }

  /** The answer is complete and waits for the peer to make room. */
  abstract readonly isUnread: boolean;

  /**
   * One DATA frame without its padding. Returns the code of the error that it is.
   * @param flowBytes what it counts for, padding included
   */
  data(
    bytes: Uint8Array,
    start: number,
    end: number,
    flowBytes: number,
    isLast: boolean,
  ): number | undefined {
    this.#receiveWindow -= flowBytes;
    if (this.#receiveWindow < 0) return ErrorCode.FLOW_CONTROL_ERROR;
    if (this.#contentLeft >= 0) {
      this.#contentLeft -= end - start;
      if (this.#contentLeft < 0 || (isLast && this.#contentLeft > 0)) return ErrorCode.PROTOCOL_ERROR;
    }
    this.isRemoteClosed = isLast;
    this.take(bytes, start, end, flowBytes, isLast);
    return undefined;
  }

  /** Well-formed trailers. Returns the code of the error that they are. */
  finish(): number | undefined {
    if (this.#contentLeft > 0) return ErrorCode.PROTOCOL_ERROR;
    this.isRemoteClosed = true;
    this.wholeCame();
    return undefined;
  }

  /** The peer takes so much more, 1 to 2^31 - 1 bytes. Returns the code of the error that it is. */
  widen(increment: number): number | undefined {
    if (this.sendWindow + increment > MOST_WINDOW_BYTES) return ErrorCode.FLOW_CONTROL_ERROR;
    this.sendWindow += increment;
    this.widened();
    return undefined;
  }

  /** What the peer takes on a new stream has changed by so much. @throws Http2Fault beyond the widest window */
  shift(bytes: number): void {
    this.sendWindow += bytes;
    if (this.sendWindow > MOST_WINDOW_BYTES) {
      throw new Http2Fault(ErrorCode.FLOW_CONTROL_ERROR, 'a window beyond 2^31 - 1');
    }
    this.widened();
  }

  /** The peer gave it up, or broke its rules. The connection forgets it. */
  abstract wasReset(code: number): void;

  /** The connection is gone, and has forgotten it. */
  abstract dropped(): void;

  /** The peer was told that it may send so much again. */
  protected gaveBack(bytes: number): void {
    this.#receiveWindow += bytes;
  }

  protected abstract take(
    bytes: Uint8Array,
    start: number,
    end: number,
    flowBytes: number,
    isLast: boolean,
  ): void;

  /** The request is whole. */
  protected abstract wholeCame(): void;

  /** The peer takes more, or less, than before. */
  protected abstract widened(): void;
}

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly outflow: Outflow;
  /** Writes RST_STREAM and forgets the stream. */
  resetStream(stream: PeerStream, code: number): void;
  /** The same, for a peer that may read nothing any more: its connection ends where that cannot be delivered. */
  giveUp(stream: PeerStream, code: number): void;
  /** The stream is over for both. */
  forget(stream: PeerStream): void;
}
