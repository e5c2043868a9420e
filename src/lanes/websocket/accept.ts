import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { OpenLane, Peer } from '../../core/lane.ts';
import type { Dialect } from './dialect.ts';
import { acceptResponse, type Refusal, readUpgrade, refusalResponse } from './handshake.ts';
import { jsonDialect } from './json-dialect.ts';
import { abandon, linger, type Schedule, systemSchedule } from './linger.ts';
import { protoDialect } from './proto-dialect.ts';
import { WebSocketConnection } from './web-socket-connection.ts';
import { WebSocketLane } from './web-socket-lane.ts';

/** The subprotocols of the gateway. */
export const dialects: readonly Dialect[] = [protoDialect, jsonDialect];

/** A WebSocket whose `101` response is written and of which nothing was read yet. */
export interface Upgraded {
  readonly connection: WebSocketConnection;
  readonly peer: Peer;
  /** Path and query of the request. */
  readonly url: string;
  /** What came with the request; hand it to `connection.start`. */
  readonly head: Uint8Array;
}

export interface AcceptOptions {
  /** Opens the core's side of a lane. */
  readonly open: OpenLane;
  /** Takes a WebSocket that offers no subprotocol (the classic dialect). Absent: such a WebSocket is refused with 400. */
  readonly openClassic?: (upgraded: Upgraded) => void;
  /** IP address of the client, as far as it can be trusted. */
  readonly address: string;
  /** Largest payload of one message in bytes; more closes with 1009. */
  readonly maxMessageBytes: number;
  /** How long a peer may take to end its side after the gateway's Close, in milliseconds; then the socket is destroyed. */
  readonly closeTimeoutMs: number;
  /** Timers; default: the process's. */
  readonly schedule?: Schedule;
}

/**
 * Answers an HTTP/1.1 upgrade request: opens a lane, or refuses with an HTTP error whose body says why.
 * Takes `socket` over; never throws. Origin and admission are the gateway's matter, checked before.
 */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  options: AcceptOptions,
): void {
  const { maxMessageBytes, closeTimeoutMs, schedule = systemSchedule } = options;
  if (socket.destroyed || !socket.readable || !socket.writable) {
    abandon(socket);
    return;
  }
  const admitted = admit(request, options);
  if ('status' in admitted) {
    linger(socket, Buffer.from(refusalResponse(admitted)), closeTimeoutMs, schedule);
    return;
  }
  const { accept, dialect, bearerToken } = admitted;
  const peer: Peer = {
    address: options.address,
    userAgent: request.headers['user-agent'] ?? '',
    bearerToken,
  };
  const connection = new WebSocketConnection(socket, { maxMessageBytes, closeTimeoutMs, schedule });
  socket.write(acceptResponse(accept, dialect?.subprotocol));
  if (dialect !== undefined) WebSocketLane.open(connection, dialect, peer, head, options.open);
  else options.openClassic?.({ connection, peer, url: request.url ?? '/', head });
}

interface Admitted {
  readonly accept: string;
  readonly bearerToken: string;
  /** Undefined: the classic dialect. */
  readonly dialect: Dialect | undefined;
}

function admit(request: IncomingMessage, options: AcceptOptions): Admitted | Refusal {
  const upgrade = readUpgrade(request);
  if ('status' in upgrade) return upgrade;
  const { accept, bearerToken, subprotocols } = upgrade;
  const dialect = subprotocols.map(dialectOf).find((known) => known !== undefined);
  const isClassic =
    request.headers['sec-websocket-protocol'] === undefined && options.openClassic !== undefined;
  if (dialect === undefined && !isClassic) return { status: 400, detail: subprotocolHint() };
  return { accept, bearerToken, dialect };
}

function dialectOf(subprotocol: string): Dialect | undefined {
  return dialects.find((dialect) => dialect.subprotocol === subprotocol);
}

function subprotocolHint(): string {
  const names = dialects.map(({ subprotocol }) => subprotocol).join(' or ');
  return `Offer a subprotocol in Sec-WebSocket-Protocol: ${names}.`;
}
