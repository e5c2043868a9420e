import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { decode } from '../codec/decode.ts';
import { CallError } from './connect-protocol.ts';
import type { LinkEvents } from './port.ts';

/** A call that is not answered by then is made again: it is idempotent by seq. */
const CALL_TIMEOUT_MS = 10_000;
/** Pauses before a call is made again; after the last the link is given up and the session resumes. */
const RETRY_PAUSES_MS = [250, 500, 1_000, 2_000];
/** Frames that share one call, in bytes: a gateway takes at least this much in one request. */
const BATCH_BYTES = 262_144;
/** What a browser lets a page that goes send in all is 64 KiB; this leaves room for headers. */
const FAREWELL_BYTES = 60_000;

/** Numbers of the fields of SendFramesRequest. */
const SEND_KEY = 1;
const ACK = 2;
const FRAMES = 3;

const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

type SendFrames = (
  request: Uint8Array<ArrayBuffer>,
  options: { readonly farewell?: { readonly keepalive: boolean }; readonly timeoutMs: number },
) => Promise<Uint8Array>;

/** The sending half: one call in flight, what comes meanwhile is joined into the next. */
export class BatchSender {
  readonly #sendFrames: SendFrames;
  readonly #events: LinkEvents;
  readonly #queue: Uint8Array[] = [];
  #sendKey = '';
  #ack = 0;
  #ackSent = 0;
  #inFlight: readonly Uint8Array[] | undefined;
  #stopped = false;
  #stopPause: (() => void) | undefined;

  constructor(sendFrames: SendFrames, events: LinkEvents) {
    this.#sendFrames = sendFrames;
    this.#events = events;
  }

  get busy(): boolean {
    return this.#inFlight !== undefined || this.#sendKey === '';
  }

  /** The session is open: calls may be made. */
  authorise(sendKey: string): void {
    this.#sendKey = sendKey;
    this.#pump();
  }

  send(frame: Uint8Array | undefined, ack: number): void {
    if (ack !== 0) this.#ack = ack;
    if (frame !== undefined) this.#queue.push(frame);
    // What is said in one turn of the event loop goes in one call.
    queueMicrotask(() => this.#pump());
  }

  /** Sends all that is not answered at once, though a call is in flight: the page goes, and that call with it. */
  flush(): void {
    if (this.#sendKey === '') return;
    const frames = [...(this.#inFlight ?? []), ...this.#queue.splice(0)];
    const request = this.#request(frames);
    const keepalive = request.length <= FAREWELL_BYTES;
    // Nobody is left to be told how it went.
    this.#sendFrames(request, { farewell: { keepalive }, timeoutMs: CALL_TIMEOUT_MS }).catch(() => {});
  }

  stop(): void {
    this.#stopped = true;
    this.#stopPause?.();
  }

  #pump(): void {
    if (this.#inFlight !== undefined || this.#sendKey === '' || this.#stopped) return;
    if (this.#queue.length === 0 && this.#ack === this.#ackSent) return;
    let bytes = 0;
    let count = 0;
    for (const frame of this.#queue) {
      bytes += frame.length;
      if (count > 0 && bytes > BATCH_BYTES) break;
      count += 1;
    }
    const frames = this.#queue.splice(0, count);
    this.#inFlight = frames;
    void this.#call(this.#request(frames));
  }

  #request(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    this.#ackSent = this.#ack;
    const writer = new BinaryWriter();
    writer.tag(SEND_KEY, WireType.LengthDelimited).string(this.#sendKey);
    if (this.#ack !== 0) writer.tag(ACK, WireType.Varint).uint32(this.#ack);
    for (const frame of frames) writer.tag(FRAMES, WireType.LengthDelimited).bytes(frame);
    return writer.finish();
  }

  async #call(request: Uint8Array<ArrayBuffer>): Promise<void> {
    for (const pause of [...RETRY_PAUSES_MS, undefined]) {
      try {
        const response = await this.#sendFrames(request, { timeoutMs: CALL_TIMEOUT_MS });
        if (!this.#stopped) this.#answered(response);
        return;
      } catch (error) {
        if (this.#stopped) return;
        const code = error instanceof CallError ? error.code : undefined;
        const again = code === undefined || code === UNAVAILABLE || code === DEADLINE_EXCEEDED;
        if (pause === undefined || !again) {
          // An unknown send key is no matter of the token: the session resumes, or a fresh one opens.
          const said = code === UNAUTHENTICATED ? undefined : code;
          this.#events.closed({ code: said, detail: `SendFrames: ${error}` });
          return;
        }
        await this.#pause(pause);
        if (this.#stopped) return;
      }
    }
  }

  #answered(response: Uint8Array): void {
    const { ack, errors } = decode('SendFramesResponse', response);
    this.#inFlight = undefined;
    for (const value of errors) {
      this.#events.frame({ seq: 0, ack: 0, origin: undefined, body: { case: 'error', value } }, 0);
    }
    if (ack > 0) this.#events.frame({ seq: 0, ack, origin: undefined, body: { case: undefined } }, 0);
    this.#pump();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#stopPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
