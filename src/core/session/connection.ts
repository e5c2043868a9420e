import { fromBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { type Hello, NextStep } from '../../../gen/signalbox/v1/session_pb.ts';
import type { Cancel } from '../clock.ts';
import type { Lane, LaneCloseCause, LaneEvents, LaneViolation, Peer } from '../lane.ts';
import { type Ending, endingOf } from '../refusal.ts';
import { encodeClosed } from '../server-frame.ts';
import { type FrameScan, scanClientFrame } from '../wire/scan.ts';
import { WireRun } from '../wire/wire-run.ts';
import type { Session } from './session.ts';

/**
 * Where a connection stands. `waiting`: for its Hello, under a deadline. `opening`: the token is being verified, or the
 * session opened. `attached`: it reads and writes for a session. `ended`: nothing comes or goes any more.
 */
type Stage =
  | { readonly kind: 'waiting'; readonly cancel: Cancel }
  | { readonly kind: 'opening' }
  | { readonly kind: 'attached'; readonly session: Session }
  | { readonly kind: 'ended' };

/** What a connection needs of its node. */
export interface ConnectionHost {
  readonly scan: FrameScan;
  /** Opens or resumes the session; attaches it to the connection, or ends the connection. */
  open(hello: Hello, connection: Connection): void;
  /** Milliseconds from the connection to its Hello. */
  readonly handshakeMs: number;
  after(milliseconds: number, run: () => void): Cancel;
  ended(connection: Connection): void;
  /** The peer broke its lane's protocol. */
  violated(peer: Peer): void;
}

/** The core's side of a lane: from Hello to its end. */
export class Connection implements LaneEvents {
  readonly lane: Lane;
  readonly #host: ConnectionHost;
  #stage: Stage;
  #cancelLimit: Cancel | undefined;
  /** Its Hello is being taken in this call. */
  #inHello = false;

  constructor(host: ConnectionHost, lane: Lane) {
    this.#host = host;
    this.lane = lane;
    const cancel = host.after(host.handshakeMs, () => {
      const ending = endingOf(Reason.IDLE, 'no Hello came in time');
      this.end({ ...ending, nextStep: NextStep.RECONNECT, status: 'deadline_exceeded' });
    });
    this.#stage = { kind: 'waiting', cancel };
  }

  get isEnded(): boolean {
    return this.#stage.kind === 'ended';
  }

  /** The session that it reads and writes for. */
  get session(): Session | undefined {
    return this.#stage.kind === 'attached' ? this.#stage.session : undefined;
  }

  frame(bytes: Uint8Array): boolean {
    const stage = this.#stage;
    if (stage.kind === 'attached') return stage.session.incoming.frame(bytes);
    if (stage.kind !== 'waiting') return false;
    this.#hello(bytes, stage.cancel);
    return this.session !== undefined;
  }

  drained(): void {
    if (this.#stage.kind === 'attached') this.#stage.session.outgoing.drained();
  }

  closed(_cause: LaneCloseCause): void {
    this.#leave();
  }

  violated({ reason, detail }: LaneViolation): void {
    this.#host.violated(this.lane.peer);
    this.end(endingOf(reason === 'malformed' ? Reason.MALFORMED : Reason.TOO_LARGE, detail));
  }

  attach(session: Session): void {
    this.#stage = { kind: 'attached', session };
    const { maxDurationMs } = this.lane;
    if (maxDurationMs === undefined) return;
    this.#cancelLimit = this.#host.after(maxDurationMs, () => {
      const detail = 'the stream has lasted as long as max_duration asked for';
      this.end({ reason: Reason.UNSPECIFIED, nextStep: NextStep.RESUME, status: 'unavailable', detail });
    });
  }

  /** The session can take frames again. Whoever still waits for an answer to its Hello gets it as that answer. */
  goOn(): void {
    if (this.#stage.kind === 'attached' && !this.#inHello) this.lane.resume();
  }

  /** Tells the client why, and ends the lane. A session that was attached is detached. */
  end(ending: Ending): void {
    if (this.#stage.kind === 'ended') return;
    const run = new WireRun(this.lane.framing);
    const welcome = this.session?.outgoing.takeWelcome();
    if (welcome !== undefined) run.add(0, 0, welcome);
    run.add(0, 0, encodeClosed(ending));
    this.lane.write(run.join());
    this.#leave();
    this.lane.end({ status: ending.status, message: ending.detail });
  }

  #leave(): void {
    const stage = this.#stage;
    if (stage.kind === 'ended') return;
    this.#stage = { kind: 'ended' };
    this.#host.ended(this);
    this.#cancelLimit?.();
    if (stage.kind === 'waiting') stage.cancel();
    if (stage.kind === 'attached') stage.session.detach(this);
  }

  #hello(bytes: Uint8Array, cancel: Cancel): void {
    const fault = scanClientFrame(bytes, this.#host.scan);
    if (fault !== undefined) {
      this.end(endingOf(fault.reason, fault.detail));
      return;
    }
    const { body } = fromBinary(ClientFrameSchema, bytes, { readUnknownFields: false });
    if (body.case !== 'hello') {
      const got = body.case === undefined ? 'an empty frame' : `a frame with ${body.case}`;
      const ending = endingOf(Reason.OUT_OF_ORDER, `the first frame must be hello, but this is ${got}`);
      this.end({ ...ending, nextStep: NextStep.STOP, status: 'invalid_argument' });
      return;
    }
    cancel();
    this.#stage = { kind: 'opening' };
    this.#inHello = true;
    this.#host.open(body.value, this);
    this.#inHello = false;
  }
}
