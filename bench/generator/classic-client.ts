import { JsonClient, payloadOf } from './json-client.ts';
import { candidate, connectionId, type Kind, negotiationId } from './payload.ts';
import { WebSocketPipe } from './web-socket-pipe.ts';

/** First letters of the types that peers send each other: `{"type":"c…`. */
const relayed = new Set(['o', 'a', 'c'].map((letter) => letter.charCodeAt(0)));
const letterAt = '{"type":"'.length;

/** A client of the classic JSON server: it registers an id and sends by `to`. */
export class ClassicClient extends JsonClient {
  static async open(port: number, name: string): Promise<ClassicClient> {
    return new ClassicClient(name, await WebSocketPipe.open(port, '/'));
  }

  /** There are no rooms: the id of the call stands for both. */
  override async enter(room: string): Promise<void> {
    this.address = `${room}.${this.name}`;
    const registered = this.until('register_response');
    this.say(JSON.stringify({ type: 'register', data: { id: this.address } }));
    await registered;
  }

  override async leave(): Promise<void> {
    const left = this.until('leave');
    this.say(JSON.stringify({ type: 'leave', to: this.peer, data: {} }));
    await left;
  }

  protected override sending(kind: Kind, to: string): string {
    return message(kind, { to });
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
    else this.tell(type);
  }
}

function message(type: Kind, address: object): string {
  const data = { connectionId, negotiationId, ...payloadOf(type, candidate) };
  return JSON.stringify({ type, ...address, data });
}
