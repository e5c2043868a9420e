import type { Framing, Lane, LaneCloseCause, LaneEnd, LaneEvents, OpenLane, Peer } from '../../core/lane.ts';
import { closeCodeOf } from './close-code.ts';
import type { Dialect } from './dialect.ts';
import type { ProtocolBreach } from './frame-reader.ts';
import type { ConnectionEvents, WebSocketConnection } from './web-socket-connection.ts';

/** A session over a WebSocket: one message is one frame, in the dialect that the subprotocol names. */
export class WebSocketLane implements Lane, ConnectionEvents {
  readonly transport = 'websocket';
  readonly framing: Framing;
  readonly peer: Peer;
  readonly #connection: WebSocketConnection;
  readonly #dialect: Dialect;
  readonly #events: LaneEvents;
  /** Close code for a peer that broke the WebSocket protocol: it says more than the core's status can. */
  #breachCode: number | undefined;

  private constructor(connection: WebSocketConnection, dialect: Dialect, peer: Peer, open: OpenLane) {
    this.#connection = connection;
    this.#dialect = dialect;
    this.framing = dialect.framing;
    this.peer = peer;
    this.#events = open(this);
  }

  /** Opens a lane on a connection that was upgraded just now. `head`: what came with the upgrade request. */
  static open(
    connection: WebSocketConnection,
    dialect: Dialect,
    peer: Peer,
    head: Uint8Array,
    open: OpenLane,
  ): void {
    connection.start(head, new WebSocketLane(connection, dialect, peer, open));
  }

  write(bytes: Uint8Array): boolean {
    return this.#connection.write(bytes);
  }

  get isFlushed(): boolean {
    return this.#connection.isFlushed;
  }

  resume(): void {
    this.#connection.resume();
  }

  end(end: LaneEnd): void {
    this.#connection.close(this.#breachCode ?? closeCodeOf(end.status), end.message);
  }

  message(isText: boolean, bytes: Uint8Array, start: number, end: number): boolean {
    const frame = this.#dialect.decode(isText, bytes, start, end);
    if (frame instanceof Uint8Array) return this.#events.frame(frame);
    this.#breachCode = frame.code;
    this.#connection.ignoreInput();
    this.#events.violated({ reason: 'malformed', detail: frame.detail });
    return true;
  }

  drained(): void {
    this.#events.drained();
  }

  closed(cause: LaneCloseCause): void {
    this.#events.closed(cause);
  }

  breach({ code, reason, detail }: ProtocolBreach): void {
    this.#breachCode = code;
    this.#events.violated({ reason, detail });
  }
}
