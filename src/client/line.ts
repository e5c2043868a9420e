import type { Closed, NewHello, ServerFrame, Welcome } from './codec/messages.ts';
import { milliseconds } from './codec/time.ts';
import type { Environment } from './environment.ts';
import type { Route } from './routes.ts';
import { SignalboxError } from './signalbox-error.ts';
import type { Link, LinkEnd } from './transport/port.ts';
import type { NextStep, Reason } from './vocabulary.ts';
import { nextSteps, reasons } from './vocabulary.ts';

/** Why a line ended, and what that means. */
export interface End {
  readonly reason: Reason;
  readonly next: NextStep;
  readonly detail: string;
  /** What the gateway asks for, in milliseconds; 0: nothing. */
  readonly retryAfterMs: number;
  /** Other addresses that the gateway names. */
  readonly endpoints?: readonly string[];
}

/** What a line begins with. */
export interface Greeting {
  readonly hello: NewHello;
  /** Encoded ClientFrames that follow Hello at once. */
  readonly frames: readonly Uint8Array[];
}

/** What a line tells. Nothing follows `ended`, or a `close`. */
export interface LineEvents {
  welcomed(welcome: Welcome): void;
  /** Any frame after Welcome but Closed, and the size of the message that brought it. */
  frame(frame: ServerFrame, bytes: number): void;
  ended(end: End): void;
}

/** One way to the gateway, from its first try to its end: 'opening' until Welcome, 'open', 'ended'. */
export class Line {
  readonly route: Route;
  readonly #environment: Environment;
  readonly #events: LineEvents;
  readonly #patienceMs: number;
  #phase: 'opening' | 'open' | 'ended' = 'opening';
  #greeted = false;
  #link: Link | undefined;
  #stopPatience: (() => void) | undefined;

  /** Without a Welcome in `patienceMs` after Hello it ends. */
  constructor(environment: Environment, route: Route, patienceMs: number, events: LineEvents) {
    this.#environment = environment;
    this.route = route;
    this.#patienceMs = patienceMs;
    this.#events = events;
  }

  /** Hello has left: the gateway may have taken the session for this line, whether or not that is ever heard. */
  get greeted(): boolean {
    return this.#greeted;
  }

  get ended(): boolean {
    return this.#phase === 'ended';
  }

  get congested(): boolean {
    return this.#phase !== 'open' || (this.#link?.congested ?? true);
  }

  /** Opens. `greet` rejects where there is no token to be had. */
  async open(greet: () => Promise<Greeting>): Promise<void> {
    const { url, transport: name } = this.route;
    try {
      const transport = await this.#environment.transport(name);
      if (this.ended) return;
      const greeting = await greet();
      if (this.ended) return;
      this.#greeted = true;
      this.#link = transport.open(
        { url, ...greeting },
        {
          frame: (frame, bytes) => this.#frame(frame, bytes),
          closed: (end) => this.#linkEnded(end),
        },
      );
    } catch (cause) {
      const told = cause instanceof SignalboxError;
      this.#end({
        reason: told ? cause.reason : 'unreachable',
        next: told ? cause.next : 'resume',
        detail: told ? cause.detail : `cannot open ${name}: ${cause}`,
        retryAfterMs: 0,
      });
      return;
    }
    this.#stopPatience = this.#environment.after(this.#patienceMs, () => {
      const detail = `no Welcome from ${url} over ${name} in ${this.#patienceMs} ms`;
      this.#end({ reason: 'unreachable', next: 'resume', detail, retryAfterMs: 0 });
    });
  }

  /** Hands a frame over; dropped unless open. */
  send(frame: Uint8Array | undefined, ack: number): void {
    if (this.#phase === 'open') this.#link?.send(frame, ack);
  }

  /** See `Link.flush`. */
  flush(): void {
    this.#link?.flush();
  }

  close(): void {
    this.#phase = 'ended';
    this.#stopPatience?.();
    this.#link?.close();
    this.#link = undefined;
  }

  #frame(frame: ServerFrame, bytes: number): void {
    const { body } = frame;
    if (this.#phase === 'ended') return;
    if (body.case === 'closed') this.#closed(body.value);
    else if (this.#phase === 'open') this.#events.frame(frame, bytes);
    else if (body.case === 'welcome') {
      this.#phase = 'open';
      this.#stopPatience?.();
      this.#events.welcomed(body.value);
    }
  }

  #closed({ reason, nextStep, detail, retryAfter, endpoints }: Closed): void {
    this.#end({
      reason: reasons.word(reason),
      next: nextSteps.word(nextStep),
      detail,
      retryAfterMs: milliseconds(retryAfter) ?? 0,
      endpoints,
    });
  }

  #linkEnded({ code, detail }: LinkEnd): void {
    const { url, transport } = this.route;
    const end = { detail: `${url} over ${transport}: ${detail}`, retryAfterMs: 0 };
    // gRPC 10 ABORTED and 16 UNAUTHENTICATED are how the schema maps STOP and REAUTHENTICATE.
    if (code === 16) this.#end({ ...end, reason: 'token_invalid', next: 'reauthenticate' });
    else if (code === 10) this.#end({ ...end, reason: 'unspecified', next: 'stop' });
    else this.#end({ ...end, reason: 'unreachable', next: 'resume' });
  }

  #end(end: End): void {
    if (this.#phase === 'ended') return;
    this.close();
    this.#events.ended(end);
  }
}
