import { JsonClient, payloadOf } from './json-client.ts';
import { candidate, connectionId, type Kind, negotiationId } from './payload.ts';
import type { Route } from './route.ts';
import { WebSocketPipe } from './web-socket-pipe.ts';

/** First letters of the types that peers send each other: `{"type":"c…`. */
const relayed = new Set(['o', 'a', 'c', 'm'].map((letter) => letter.charCodeAt(0)));
const letterAt = '{"type":"'.length;

/** A client of the classic JSON server: it registers an id and sends by `to`. */
export class ClassicClient extends JsonClient {
  static async open(route: Route, name: string): Promise<ClassicClient> {
    return new ClassicClient(name, await WebSocketPipe.open(route, '/'));
  }

  /** There are no rooms: the id of the call stands for both. */
  override async enter(room: string): Promise<void> {
    this.address = `${room}.${this.name}`;
    const registered = this.awaited.until('register_response');
    this.say(JSON.stringify({ type: 'register', data: { id: this.address } }));
    await registered;
  }

  override async leave(): Promise<void> {
    const left = this.awaited.until('leave');
    this.say(JSON.stringify({ type: 'leave', to: this.peer, data: {} }));
    await left;
  }

  /** A message without `to` is for everybody. */
  protected override sending(kind: Kind, to: string): string {
    return message(kind, kind === 'message' ? {} : { to });
  }

  protected override arriving(kind: Kind): string {
    return message(kind, { from: this.address });
  }

  protected override take(bytes: Buffer, start: number, end: number): void {
    if (relayed.has(bytes[start + letterAt] ?? 0)) {
      this.arrived(bytes, start, end);
      return;
    }
    const { type, data } = JSON.parse(bytes.toString('utf8', start, end));
    if (type === 'error' || data.success === false) this.fail(data.message);
    else this.awaited.tell(type);
  }
}

function message(type: Kind, address: object): string {
  const data = { connectionId, negotiationId, ...payloadOf(type, candidate) };
  return JSON.stringify({ type, ...address, data });
}
