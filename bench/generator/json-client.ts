import { Awaited } from './awaited.ts';
import { Client } from './client.ts';
import type { Kind } from './payload.ts';
import { descriptions, messageText } from './payload.ts';
import type { Pipe } from './pipe.ts';
import { Template } from './template.ts';
import { Templates } from './templates.ts';

/** A client whose messages are JSON texts. It is paired by an address that the protocol has for it. */
export abstract class JsonClient extends Client {
  address = '';
  /** These protocols have no acknowledgements. */
  readonly isSettled = true;
  protected peer = '';
  protected readonly awaited = new Awaited();

  constructor(name: string, pipe: Pipe) {
    super(name, pipe);
    pipe.onMessage = (bytes, start, end) => this.take(bytes, start, end);
    pipe.onBroken = (reason) => this.fail(`the connection broke: ${reason}`);
  }

  override acknowledge(): void {}

  protected override templatesFor(peer: Client): Templates {
    this.peer = peer.address;
    return new Templates((kind) => new Template(Buffer.from(this.sending(kind, peer.address))));
  }

  protected override arrivalsAt(peer: Client): Templates {
    return new Templates((kind) => new Template(Buffer.from(this.arriving(kind, peer.address))));
  }

  /** The text of a message to `to`, as an application writes it. */
  protected abstract sending(kind: Kind, to: string): string;

  /** The text that `at` gets of it. */
  protected abstract arriving(kind: Kind, at: string): string;

  protected abstract take(bytes: Buffer, start: number, end: number): void;

  protected override write(template: Template, firstCount: number): void {
    const start = this.pipe.begin(template.length);
    template.copyTo(this.pipe.out, start, firstCount);
    this.pipe.commit();
  }

  protected say(text: string): void {
    this.pipe.send(Buffer.from(text));
  }
}

/** What `RTCPeerConnection` gives an application, by kind; of a message its text. */
export function payloadOf<Candidate>(kind: Kind, candidate: Candidate) {
  if (kind === 'message') return { text: messageText };
  return kind === 'candidate' ? { candidate } : { type: kind, sdp: descriptions[kind] };
}
