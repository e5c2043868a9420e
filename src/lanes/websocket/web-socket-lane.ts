import type { Framing, Lane, LaneEnd, LaneEvents, OpenLane, Peer } from '../../core/lane.ts';
import { closeCodeOf } from './close-code.ts';
import type { Dialect } from './dialect.ts';
import type { WebSocketConnection } from './web-socket-connection.ts';

/** A session over a WebSocket: one message is one frame, in the dialect that the subprotocol names. */
export class WebSocketLane implements Lane {
  readonly transport = 'websocket';
  readonly framing: Framing;
  readonly peer: Peer;
  readonly #connection: WebSocketConnection;
  /** Close code for a peer that broke the WebSocket protocol: it says more than the core's status can. */
  #breachCode: number | undefined;

  private constructor(connection: WebSocketConnection, framing: Framing, peer: Peer) {
    this.#connection = connection;
    this.framing = framing;
    this.peer = peer;
  }

  /** Opens a lane on a connection that was upgraded just now. `head`: what came with the upgrade request. */
  static open(
    connection: WebSocketConnection,
    dialect: Dialect,
    peer: Peer,
    head: Uint8Array,
    open: OpenLane,
  ): void {
    const lane = new WebSocketLane(connection, dialect.framing, peer);
    const events = open(lane);
    connection.start(head, {
      message: (isText, bytes, start, end) => lane.#receive(dialect, events, isText, bytes, start, end),
      drained: () => events.drained(),
      closed: (cause) => events.closed(cause),
      breach: ({ code, reason, detail }) => {
        lane.#breachCode = code;
        events.violated({ reason, detail });
      },
    });
  }

  write(bytes: Uint8Array): boolean {
    return this.#connection.write(bytes);
  }

  resume(): void {
    this.#connection.resume();
  }

  end(end: LaneEnd): void {
    this.#connection.close(this.#breachCode ?? closeCodeOf(end.status), end.message);
  }

  #receive(
    dialect: Dialect,
    events: LaneEvents,
    isText: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const frame = dialect.decode(isText, bytes, start, end);
    if (frame instanceof Uint8Array) return events.frame(frame);
    this.#breachCode = frame.code;
    this.#connection.ignoreInput();
    events.violated({ reason: 'malformed', detail: frame.detail });
    return true;
  }
}
