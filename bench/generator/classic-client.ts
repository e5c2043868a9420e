import { Client, type Templates } from './client.ts';
import { candidate, connectionId, descriptions, type Kind, negotiationId } from './payload.ts';
import { Template } from './template.ts';
import { WebSocketPipe } from './web-socket-pipe.ts';

/** First letters of the types that peers send each other: `{"type":"c…`. */
const relayed = new Set(['o', 'a', 'c'].map((letter) => letter.charCodeAt(0)));
const letterAt = '{"type":"'.length;

/** A client of the classic JSON server: it registers an id and sends by `to`. */
export class ClassicClient extends Client {
  address = '';
  readonly isSettled = true;
  #peer = '';

  static async open(port: number, name: string): Promise<ClassicClient> {
    return new ClassicClient(name, await WebSocketPipe.open(port, '/'));
  }

  /** There are no rooms: the id of the call stands for both. */
  override async enter(room: string): Promise<void> {
    this.address = `${room}.${this.name}`;
    const registered = this.until('register_response');
    this.#say({ type: 'register', data: { id: this.address } });
    await registered;
  }

  override async leave(): Promise<void> {
    const left = this.until('leave');
    this.#say({ type: 'leave', to: this.#peer, data: {} });
    await left;
  }

  override acknowledge(): void {}

  protected override templatesFor(peer: Client): Templates {
    this.#peer = peer.address;
    return templates({ to: peer.address });
  }

  protected override arrivalsAt(): Templates {
    return templates({ from: this.address });
  }

  protected override write(template: Template, count: number): void {
    const start = this.pipe.begin(template.length);
    template.copyTo(this.pipe.out, start, count);
    this.pipe.commit();
  }

  protected override take(bytes: Buffer, start: number, end: number): void {
    if (relayed.has(bytes[start + letterAt] ?? 0)) {
      this.arrived(bytes, start, end);
      return;
    }
    const message = JSON.parse(bytes.toString('utf8', start, end));
    if (message.type === 'error' || message.data.success === false) this.fail(message.data.message);
    else this.tell(message.type);
  }

  #say(message: object): void {
    this.toServer += 1;
    this.pipe.send(Buffer.from(JSON.stringify(message)));
  }
}

/** The messages as an application's `JSON.stringify` writes them, `to` or `from` behind the type. */
function templates(address: object): Templates {
  const of = (type: Kind, data: object) =>
    new Template(
      Buffer.from(JSON.stringify({ type, ...address, data: { connectionId, negotiationId, ...data } })),
    );
  return {
    offer: of('offer', { type: 'offer', sdp: descriptions.offer }),
    answer: of('answer', { type: 'answer', sdp: descriptions.answer }),
    candidate: of('candidate', { candidate }),
  };
}
