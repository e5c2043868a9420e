import { create, fromBinary } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  type ClientFrame,
  ClientFrameSchema,
  ServerFrameSchema,
} from '../../../gen/signalbox/v1/frame_pb.ts';
import type { SendFramesRequest, SignalingService } from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import { SendFramesRequestSchema } from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import type { LinkEvents } from './port.ts';

/** A call that is not answered by then is made again: it is idempotent by seq. */
const CALL_TIMEOUT_MS = 10_000;
/** Pauses before a call is made again; after the last the link is given up and the session resumes. */
const RETRY_PAUSES_MS = [250, 500, 1_000, 2_000];
/** Frames that share one call, in bytes: a gateway takes at least this much in one request. */
const BATCH_BYTES = 262_144;

interface Queued {
  readonly frame: ClientFrame;
  readonly bytes: number;
}

/** The sending half: one call in flight, what comes meanwhile is joined into the next. */
export class BatchSender {
  readonly #client: Client<typeof SignalingService>;
  readonly #signal: AbortSignal;
  readonly #events: LinkEvents;
  readonly #queue: Queued[] = [];
  #sendKey = '';
  #ack = 0;
  #ackSent = 0;
  #inFlight: SendFramesRequest | undefined;

  constructor(client: Client<typeof SignalingService>, signal: AbortSignal, events: LinkEvents) {
    this.#client = client;
    this.#signal = signal;
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
    if (frame !== undefined) {
      this.#queue.push({ frame: fromBinary(ClientFrameSchema, frame), bytes: frame.length });
    }
    // What is said in one turn of the event loop goes in one call.
    queueMicrotask(() => this.#pump());
  }

  /** Sends all that is not answered at once, though a call is in flight: the page goes, and that call with it. */
  flush(): void {
    if (this.#sendKey === '') return;
    const frames = [...(this.#inFlight?.frames ?? []), ...this.#queue.splice(0).map(({ frame }) => frame)];
    void this.#client.sendFrames(this.#request(frames)).catch(() => {
      // Nobody is left to be told.
    });
  }

  #pump(): void {
    if (this.#inFlight !== undefined || this.#sendKey === '' || this.#signal.aborted) return;
    if (this.#queue.length === 0 && this.#ack === this.#ackSent) return;
    let bytes = 0;
    let count = 0;
    for (const queued of this.#queue) {
      bytes += queued.bytes;
      if (count > 0 && bytes > BATCH_BYTES) break;
      count += 1;
    }
    const frames = this.#queue.splice(0, count).map(({ frame }) => frame);
    this.#inFlight = this.#request(frames);
    void this.#call(this.#inFlight);
  }

  #request(frames: ClientFrame[]): SendFramesRequest {
    this.#ackSent = this.#ack;
    return create(SendFramesRequestSchema, { sendKey: this.#sendKey, ack: this.#ack, frames });
  }

  async #call(request: SendFramesRequest): Promise<void> {
    for (const pause of [...RETRY_PAUSES_MS, undefined]) {
      try {
        const options = { signal: this.#signal, timeoutMs: CALL_TIMEOUT_MS };
        const { ack, errors } = await this.#client.sendFrames(request, options);
        this.#inFlight = undefined;
        for (const value of errors) {
          this.#events.frame(create(ServerFrameSchema, { body: { case: 'error', value } }));
        }
        if (ack > 0) this.#events.frame(create(ServerFrameSchema, { ack }));
        this.#pump();
        return;
      } catch (error) {
        if (this.#signal.aborted) return;
        const { code, rawMessage } = ConnectError.from(error);
        if (pause === undefined || !retryable(code)) {
          // A send key that is not known is no matter of the token: the session resumes, or a fresh one opens.
          const said = code === Code.Unauthenticated ? undefined : code;
          this.#events.closed({ code: said, detail: `SendFrames: ${rawMessage}` });
          return;
        }
        await sleep(pause, this.#signal);
      }
    }
  }
}

/** UNKNOWN is what a failed fetch becomes. */
function retryable(code: Code): boolean {
  return code === Code.Unavailable || code === Code.DeadlineExceeded || code === Code.Unknown;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
