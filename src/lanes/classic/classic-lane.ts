import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ClientFrameSchema,
  type ServerFrame,
  ServerFrameSchema,
} from '../../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Lane, LaneCloseCause, LaneEnd, LaneEvents, OpenLane, Peer } from '../../core/lane.ts';
import type { Upgraded } from '../websocket/accept.ts';
import { closeCodeOf } from '../websocket/close-code.ts';
import { textFrame } from '../websocket/frame-header.ts';
import type { ProtocolBreach } from '../websocket/frame-reader.ts';
import type { Schedule } from '../websocket/linger.ts';
import type { WebSocketConnection } from '../websocket/web-socket-connection.ts';
import { classicFraming, splitFrames } from './classic-framing.ts';
import { parseClassic } from './classic-message.ts';
import { type ClassicConfig, type ClassicPort, ClassicSession } from './classic-session.ts';
import type { ClientBody } from './member.ts';
import { errorReply } from './replies.ts';

/** Frames whose refusals can still be matched to the participant they were for. The core holds at most 256. */
const REMEMBERED_FRAMES = 1024;

export interface ClassicLaneOptions {
  readonly upgraded: Upgraded;
  readonly config: ClassicConfig;
  readonly open: OpenLane;
  /** How long a page may be connected without being registered, in milliseconds. */
  readonly registerTimeoutMs: number;
  readonly schedule: Schedule;
}

/**
 * A lane for pages that speak the classic dialect: JSON messages that were made before Signalbox, translated to frames
 * and back one by one. It acknowledges what it gets, and answers the gateway's Ping once the page's WebSocket has
 * answered its own.
 */
export class ClassicLane implements Lane, ClassicPort {
  readonly transport = 'classic';
  readonly framing = classicFraming;
  readonly peer: Peer;
  readonly #connection: WebSocketConnection;
  readonly #session: ClassicSession;
  readonly #open: OpenLane;
  readonly #cancelDeadline: () => void;
  #events: LaneEvents | undefined;
  /** Why the page is not read: the core takes no frames, a registration is under way, the page does not read. */
  readonly #holds = new Set<'core' | 'registration' | 'page'>();
  readonly #outbox: { readonly body: ClientBody; readonly to: string }[] = [];
  /** Receivers of the frames that were not acknowledged yet, by seq. */
  readonly #receivers = new Map<number, string>();
  #seq = 0;
  #received = 0;
  #acknowledged = 0;
  /** Ping.id of the gateway's newest Ping, until the page's WebSocket has answered. */
  #ping: number | undefined;
  #owesDrained = false;
  #isGoingOn = false;
  #isFlushing = false;
  #isEnded = false;
  #breachCode: number | undefined;

  private constructor({ upgraded, config, open, registerTimeoutMs, schedule }: ClassicLaneOptions) {
    this.#connection = upgraded.connection;
    this.peer = upgraded.peer;
    this.#open = open;
    this.#session = new ClassicSession(this, config, upgraded);
    this.#cancelDeadline = schedule(() => {
      const detail = 'no registration came in time';
      this.reply(errorReply(Reason.IDLE, detail, ''));
      this.end({ status: 'deadline_exceeded', message: detail });
    }, registerTimeoutMs);
  }

  /** Takes a connection that was upgraded just now. The core hears of it with the page's registration. */
  static open(options: ClassicLaneOptions): void {
    const lane = new ClassicLane(options);
    const { connection, head } = options.upgraded;
    connection.start(head, {
      message: (_isText, bytes, start, end) => lane.#receive(bytes.subarray(start, end)),
      pong: () => lane.#pong(),
      drained: () => lane.#drained(),
      closed: (cause) => lane.#closed(cause),
      breach: (breach) => lane.#breach(breach),
    });
  }

  begin(): void {
    if (this.#isEnded) return;
    this.#cancelDeadline();
    const events = this.#open(this);
    // The core may have ended the lane as it was opened.
    if (!this.#isEnded) this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    for (const frame of splitFrames(bytes)) this.#deliver(fromBinary(ServerFrameSchema, frame));
    this.#goOnSoon();
    this.#owesDrained = this.#holds.has('page');
    return !this.#owesDrained;
  }

  resume(): void {
    this.#holds.delete('core');
    this.#goOn();
  }

  end(end: LaneEnd): void {
    this.#forget();
    this.#connection.close(this.#breachCode ?? closeCodeOf(end.status), end.message);
  }

  reply(message: object): void {
    if (!this.#connection.write(textFrame(JSON.stringify(message)))) this.#holds.add('page');
  }

  send(body: ClientBody, to: string): void {
    this.#outbox.push({ body, to });
    this.#goOnSoon();
  }

  hold(): void {
    this.#holds.add('registration');
  }

  release(): void {
    this.#holds.delete('registration');
    this.#goOnSoon();
  }

  #receive(message: Uint8Array): boolean {
    this.#session.fromPage(parseClassic(message));
    this.#flush();
    return this.#holds.size === 0;
  }

  #pong(): void {
    if (this.#ping === undefined) return;
    this.#outbox.push({ body: { case: 'pong', value: { id: this.#ping } }, to: '' });
    this.#ping = undefined;
    this.#flush();
  }

  #drained(): void {
    const owed = this.#owesDrained;
    this.#owesDrained = false;
    this.#holds.delete('page');
    if (owed) this.#events?.drained();
    this.#goOn();
  }

  #breach({ code, reason, detail }: ProtocolBreach): void {
    this.#breachCode = code;
    if (this.#events === undefined) this.end({ status: 'invalid_argument', message: detail });
    else this.#events.violated({ reason, detail });
  }

  #closed(cause: LaneCloseCause): void {
    const farewell = this.#holds.has('core') ? undefined : this.#session.farewell();
    if (farewell !== undefined) this.#emit(farewell, '');
    const events = this.#events;
    this.#forget();
    events?.closed(cause);
  }

  #deliver(frame: ServerFrame): void {
    if (frame.seq > 0) this.#received = frame.seq;
    const { body } = frame;
    if (body.case === 'ping') {
      this.#ping = body.value.id;
      if (!this.#connection.ping()) this.#holds.add('page');
    } else if (body.case === 'resync' && body.value.room === '') {
      this.#received = body.value.nextSeq - 1;
      this.#acknowledged = this.#received;
    } else this.#session.fromGateway(frame, (seq) => this.#receivers.get(seq) ?? '');
    for (const seq of this.#receivers.keys()) {
      if (seq > frame.ack && this.#receivers.size <= REMEMBERED_FRAMES) break;
      this.#receivers.delete(seq);
    }
  }

  #goOn(): void {
    this.#flush();
    if (this.#holds.size === 0) this.#connection.resume();
  }

  /** The core is never called from within `write`: what a written frame calls for is done when the call is over. */
  #goOnSoon(): void {
    if (this.#isGoingOn) return;
    this.#isGoingOn = true;
    queueMicrotask(() => {
      this.#isGoingOn = false;
      this.#goOn();
    });
  }

  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#events !== undefined && !this.#holds.has('core')) {
      const next = this.#outbox.shift();
      if (next !== undefined) this.#emit(next.body, next.to);
      else if (this.#acknowledged !== this.#received) this.#emit(undefined, '');
      else break;
    }
    this.#isFlushing = false;
  }

  #emit(body: ClientBody | undefined, to: string): void {
    const needsDelivery = body !== undefined && body.case !== 'hello' && body.case !== 'pong';
    const seq = needsDelivery ? ++this.#seq : 0;
    if (to !== '') this.#receivers.set(seq, to);
    this.#acknowledged = this.#received;
    const frame = create(ClientFrameSchema, {
      seq,
      ack: this.#received,
      ...(body === undefined ? {} : { body }),
    });
    // Held before the call: a core that resumes within it and then returns false must not stall.
    this.#holds.add('core');
    if (this.#events?.frame(toBinary(ClientFrameSchema, frame)) === true) this.#holds.delete('core');
  }

  #forget(): void {
    this.#isEnded = true;
    this.#cancelDeadline();
    this.#events = undefined;
    this.#outbox.length = 0;
    this.#receivers.clear();
  }
}
