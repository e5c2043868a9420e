import { create } from '@bufbuild/protobuf';
import { PingSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { endingOf } from '../refusal.ts';
import type { Session } from './session.ts';

/**
 * Whether the client is still there. Ping frames on every lane, as pings of HTTP/2 and WebSocket stop at the first
 * proxy. The interval counts from the last frame received; a suspended client and a lane that we do not read are not
 * judged. Whoever reads nothing is judged in any case: it costs memory.
 */
export class Liveness {
  readonly #session: Session;
  #heardAt = 0;
  #pingedAt: number | undefined;
  #pings = 0;
  /** The client said that it is suspended: until then it is not judged. All times here are of `AwakeTime`. */
  #restsUntil: number | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** A connection begins: what the client said of itself on an older one is over. */
  attached(): void {
    this.#restsUntil = undefined;
    this.heard();
  }

  /** The client is suspended, for at most `holdMs`; undefined: it is awake. */
  rest(holdMs: number | undefined): void {
    this.#restsUntil = holdMs === undefined ? undefined : this.#session.host.awake.now() + holdMs;
  }

  /** When something last came from the client. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Something came from the client. */
  heard(): void {
    this.#heardAt = this.#session.host.awake.now();
    this.#pingedAt = undefined;
  }

  /** Tests the connection now. */
  probe(): void {
    this.#pings += 1;
    this.#pingedAt ??= this.#session.host.awake.now();
    this.#session.outgoing.tell({ case: 'ping', value: create(PingSchema, { id: this.#pings }) });
  }

  /** Called about once a second while attached. */
  check(): void {
    const { state, host, incoming, outgoing } = this.#session;
    if (state.kind !== 'attached') return;
    const now = host.awake.now();
    const { slowConsumerMs } = host.limits;
    if (outgoing.blockedSince !== undefined && now - outgoing.blockedSince >= slowConsumerMs) {
      const detail = `nothing of what was written was taken for ${slowConsumerMs} ms`;
      state.connection.end(endingOf(Reason.SLOW_CONSUMER, detail));
      return;
    }
    if (this.#restsUntil !== undefined) {
      if (now < this.#restsUntil) return;
      // Its hold is over, and its connection not: that may be one that nobody ends. It is judged like any other.
      this.#restsUntil = undefined;
      this.#session.holdMs = undefined;
    }
    if (!incoming.isReading) {
      this.heard();
      return;
    }
    const { pingIntervalMs, pongTimeoutMs } = host.limits;
    if (this.#pingedAt !== undefined && now - this.#pingedAt >= pongTimeoutMs) {
      const detail = `no answer to a Ping within ${pongTimeoutMs} ms`;
      state.connection.end(endingOf(Reason.IDLE, detail));
      return;
    }
    if (this.#pingedAt === undefined && now - this.#heardAt >= pingIntervalMs) this.probe();
  }
}
