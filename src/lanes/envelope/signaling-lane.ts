import { Code, ConnectError } from '@connectrpc/connect';
import type {
  Framing,
  Lane,
  LaneCloseCause,
  LaneEnd,
  LaneEndStatus,
  LaneEvents,
  LaneViolation,
  OpenLane,
  Peer,
  Transport,
} from '../../core/lane.ts';
import type { EnvelopeCall, EnvelopeHandler } from './call.ts';
import { peerOf } from './peer.ts';
import { splitReceiveRequest, unwrapFrame } from './signaling-messages.ts';

/** The code of each status that a lane may end with. */
export const codeOf: Readonly<Record<Exclude<LaneEndStatus, 'ok'>, Code>> = {
  invalid_argument: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  permission_denied: Code.PermissionDenied,
  aborted: Code.Aborted,
  unavailable: Code.Unavailable,
  resource_exhausted: Code.ResourceExhausted,
  deadline_exceeded: Code.DeadlineExceeded,
  internal: Code.Internal,
};

/** The writing half, which `Connect` and `ReceiveFrames` share. */
abstract class CallLane implements Lane {
  readonly transport: Transport;
  readonly framing: Framing;
  readonly peer: Peer;
  protected readonly call: EnvelopeCall;

  constructor(call: EnvelopeCall) {
    this.call = call;
    this.transport = call.protocol;
    this.framing = call.framing;
    this.peer = peerOf(call);
  }

  write(bytes: Uint8Array): boolean {
    return this.call.writeFramed(bytes);
  }

  get isFlushed(): boolean {
    return this.call.isFlushed;
  }

  end({ status, message }: LaneEnd): void {
    this.call.end(status === 'ok' ? undefined : new ConnectError(message, codeOf[status]));
  }

  abstract resume(): void;
}

/** The lane of a `Connect` call: both directions on one stream. */
export class ConnectLane extends CallLane implements EnvelopeHandler {
  readonly #events: LaneEvents;

  constructor(call: EnvelopeCall, open: OpenLane) {
    super(call);
    this.#events = open(this);
  }

  resume(): void {
    this.call.resume();
  }

  message(bytes: Uint8Array): boolean {
    const frame = unwrapFrame(bytes);
    if (frame !== undefined) return this.#events.frame(frame);
    this.#events.violated({ reason: 'malformed', detail: 'ConnectRequest: malformed, or frame given twice' });
    return false;
  }

  /** A half-close detaches the session; the stream, which has nobody left to read for, ends with it. */
  halfClosed(): void {
    this.#events.closed('half-closed');
    this.call.end();
  }

  drained(): void {
    this.#events.drained();
  }

  closed(cause: LaneCloseCause): void {
    this.#events.closed(cause);
  }

  violated(error: ConnectError, reason: LaneViolation['reason']): void {
    this.#events.violated({ reason, detail: error.rawMessage });
  }
}

/** The lane of a `ReceiveFrames` call: the request's frames go in first, then it only writes. */
export class ReceiveLane extends CallLane implements EnvelopeHandler {
  maxDurationMs: number | undefined;
  readonly #open: OpenLane;
  #events: LaneEvents | undefined;
  #frames: Uint8Array[] = [];
  #delivering = false;

  constructor(call: EnvelopeCall, open: OpenLane) {
    super(call);
    this.#open = open;
  }

  /** Hands on the request's frames until the session has enough. */
  resume(): void {
    if (this.#delivering) {
      this.#delivering = false;
      return;
    }
    for (;;) {
      const frame = this.#frames.shift();
      if (frame === undefined || this.#events === undefined) return;
      this.#delivering = true;
      const more = this.#events.frame(frame);
      // A resume from within the event has cleared the flag: the session's last word.
      const resumed = !this.#delivering;
      this.#delivering = false;
      if (!more && !resumed) return;
    }
  }

  /** The session is opened by the whole request: until then there is nothing of the client's to open it with. */
  message(bytes: Uint8Array): boolean {
    const parts = splitReceiveRequest(bytes);
    this.maxDurationMs = parts?.maxDurationMs;
    this.#events = this.#open(this);
    if (parts === undefined) {
      this.#events.violated({
        reason: 'malformed',
        detail: 'ReceiveFramesRequest: malformed, hello given twice, or max_duration not above 0',
      });
      return false;
    }
    this.#frames = parts.frames;
    this.resume();
    return true;
  }

  halfClosed(): void {}

  override end(end: LaneEnd): void {
    this.#frames = [];
    super.end(end);
  }

  drained(): void {
    this.#events?.drained();
  }

  closed(cause: LaneCloseCause): void {
    this.#frames = [];
    this.#events?.closed(cause);
  }

  violated(error: ConnectError): void {
    if (this.#events === undefined) this.call.end(error);
  }
}
