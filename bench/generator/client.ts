import type { Kind } from './payload.ts';
import type { Pipe } from './pipe.ts';
import type { Template } from './template.ts';

/** What a client says to its peer, and what of its peer it expects: byte for byte, but for the count. */
export type Templates = Readonly<Record<Kind, Template>>;

/** Of a wrong message that is shown. */
const shownBytes = 200;

/**
 * One client of a subject. It counts what it sends to its peer, 1, 2, 3 …, and takes from its peer only the next count,
 * unchanged: whatever is lost, doubled, out of order or altered fails the round.
 */
export abstract class Client {
  /** Protocol messages, acknowledgements included. */
  toServer = 0;
  fromServer = 0;
  /** Counts of the last message to and from the peer. */
  sent = 0;
  received = 0;
  /** The next message of the peer arrived; `received` is its count. */
  onRelayed: (kind: Kind) => void = () => {};
  onFault: (error: Error) => void = () => {};
  readonly name: string;
  protected readonly pipe: Pipe;
  #outgoing: Templates | undefined;
  #expected: Templates | undefined;
  readonly #awaited = new Map<string, () => void>();

  constructor(name: string, pipe: Pipe) {
    this.name = name;
    this.pipe = pipe;
    pipe.onMessage = (bytes, start, end) => {
      this.fromServer += 1;
      this.take(bytes, start, end);
    };
    pipe.onBroken = (reason) => this.fail(`the connection broke: ${reason}`);
  }

  /** How others reach this client; known when `enter` is done. */
  abstract readonly address: string;

  /** Everything that was sent is acknowledged, where the protocol has acknowledgements. */
  abstract readonly isSettled: boolean;

  /** Joins the room, or registers where there are none. */
  abstract enter(room: string): Promise<void>;

  /** Says goodbye to the peer and the room. Done when the other side's goodbye, or the server's answer, is here. */
  abstract leave(): Promise<void>;

  /** Acknowledges what was not acknowledged for a while. */
  abstract acknowledge(): void;

  /** What this client would send to `peer`. */
  protected abstract templatesFor(peer: Client): Templates;

  /** What arrives at `peer` of it. */
  protected abstract arrivalsAt(peer: Client): Templates;

  protected abstract take(bytes: Buffer, start: number, end: number): void;

  protected abstract write(template: Template, count: number): void;

  /** Makes `peer` the one that `send` sends to, and whose messages are expected. */
  pair(peer: Client): void {
    this.#outgoing = this.templatesFor(peer);
    this.#expected = peer.arrivalsAt(this);
    this.sent = 0;
    this.received = 0;
  }

  send(kind: Kind): void {
    const templates = this.#outgoing;
    if (templates === undefined) throw new Error('a client sends to its peer only');
    this.sent += 1;
    this.toServer += 1;
    this.write(templates[kind], this.sent);
  }

  async close(): Promise<void> {
    this.onFault = () => {};
    await this.pipe.close();
  }

  /** Checks a message of the peer and reports it. */
  protected arrived(bytes: Buffer, start: number, end: number): void {
    const templates = this.#expected;
    const kind = templates === undefined ? undefined : kindOfLength(templates, end - start);
    const count = kind === undefined ? -1 : (templates?.[kind].countOf(bytes, start, end) ?? -1);
    if (kind === undefined || count < 0) {
      this.fail(`a wrong message: ${bytes.toString('latin1', start, Math.min(end, start + shownBytes))}`);
    } else if (count !== this.received + 1) {
      this.fail(`message ${count} came where ${this.received + 1} was due`);
    } else {
      this.received = count;
      this.onRelayed(kind);
    }
  }

  /** Resolves at the next `tell` of that name. */
  protected until(event: string): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.set(event, resolve);
    });
  }

  protected tell(event: string): void {
    this.#awaited.get(event)?.();
    this.#awaited.delete(event);
  }

  protected fail(message: string): void {
    this.onFault(new Error(`${this.name}: ${message}`));
  }
}

function kindOfLength(templates: Templates, length: number): Kind | undefined {
  if (templates.candidate.length === length) return 'candidate';
  if (templates.offer.length === length) return 'offer';
  return templates.answer.length === length ? 'answer' : undefined;
}
