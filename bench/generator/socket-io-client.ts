import { JsonClient, payloadOf } from './json-client.ts';
import { candidate, connectionId, type Kind, negotiationId } from './payload.ts';
import type { Route } from './route.ts';
import { WebSocketPipe } from './web-socket-pipe.ts';

/** Engine.IO packet types, and Socket.IO's event packet behind `message`. */
const ping = '2'.charCodeAt(0);
const pong = '3';
const connect = '40';
const event = '42';
const two = '2'.charCodeAt(0);
/** First letter of `signal`, which no other event has, behind `42["`. */
const letter = 's'.charCodeAt(0);

/** A client of a Socket.IO server over its WebSocket transport (Engine.IO 4), by hand. */
export class SocketIoClient extends JsonClient {
  static async open(route: Route, name: string): Promise<SocketIoClient> {
    const pipe = await WebSocketPipe.open(route, '/socket.io/?EIO=4&transport=websocket');
    const client = new SocketIoClient(name, pipe);
    const connected = client.awaited.until('connect');
    client.say(connect);
    await connected;
    return client;
  }

  override async enter(room: string): Promise<void> {
    const joined = this.awaited.until('joined');
    this.#emit('join', room);
    await joined;
  }

  override async leave(): Promise<void> {
    const left = this.awaited.until('left');
    this.#emit('leave');
    await left;
  }

  protected override sending(kind: Kind, to: string): string {
    return `${event}${JSON.stringify(['signal', { to, ...signal(kind) }])}`;
  }

  protected override arriving(kind: Kind): string {
    return `${event}${JSON.stringify(['signal', { from: this.address, ...signal(kind) }])}`;
  }

  protected override take(bytes: Buffer, start: number, end: number): void {
    if (bytes[start + 1] === two && bytes[start + 4] === letter) {
      this.arrived(bytes, start, end);
      return;
    }
    if (bytes[start] === ping) {
      this.say(pong);
      return;
    }
    const text = bytes.toString('utf8', start, end);
    if (text.startsWith(connect)) {
      this.address = JSON.parse(text.slice(connect.length)).sid;
      this.awaited.tell('connect');
    } else if (text.startsWith(event)) this.awaited.tell(JSON.parse(text.slice(event.length))[0]);
  }

  #emit(...args: readonly string[]): void {
    this.say(`${event}${JSON.stringify(args)}`);
  }
}

function signal(type: Kind): object {
  return { type, connectionId, negotiationId, ...payloadOf(type, candidate) };
}
