import type { Participant } from './crew.ts';
import type { DescriptionKind, Kind } from './payload.ts';
import type { Pipe } from './pipe.ts';
import type { RoomKind } from './signalbox-session.ts';
import type { Template } from './template.ts';
import type { Templates } from './templates.ts';

/** Of a wrong message that is shown. */
const shownBytes = 200;

/**
 * One client of a subject. It counts what it sends, 1, 2, 3 …, and takes from its peer only the next count, unchanged:
 * whatever is lost, doubled, out of order or altered fails the round.
 */
export abstract class Client implements Participant {
  /** Counts of what was last sent, and of what last came from the peer. */
  sent = 0;
  received = 0;
  /** Something of the peer arrived; `received` is its count. */
  onRelayed: (kind: Kind) => void = () => {};
  onFault: (error: Error) => void = () => {};
  readonly name: string;
  readonly pipe: Pipe;
  #outgoing: Templates | undefined;
  #expected: Templates | undefined;

  constructor(name: string, pipe: Pipe) {
    this.name = name;
    this.pipe = pipe;
  }

  /** How others reach this client; known when `enter` is done. */
  abstract readonly address: string;

  /** Everything that was sent is acknowledged, where the protocol has acknowledgements. */
  abstract readonly isSettled: boolean;

  /** Joins the room, which is made so where it is new; or registers where there are none. */
  abstract enter(room: string, kind?: RoomKind): Promise<void>;

  /** Says goodbye to the peer and the room. Done when the other side's goodbye, or the server's answer, is here. */
  abstract leave(): Promise<void>;

  /** Acknowledges what was not acknowledged for a while. */
  abstract acknowledge(): void;

  /** What this client would send to `peer`. */
  protected abstract templatesFor(peer: Client): Templates;

  /** What arrives at `peer` of it. */
  protected abstract arrivalsAt(peer: Client): Templates;

  protected abstract write(template: Template, firstCount: number): void;

  /** Makes `peer` the one that is sent to, and whose messages are expected. */
  pair(peer: Client): void {
    this.#outgoing = this.templatesFor(peer);
    this.#expected = peer.arrivalsAt(this);
    this.sent = 0;
    this.received = 0;
  }

  describe(kind: DescriptionKind): void {
    this.#send(this.#outgoing?.of(kind));
  }

  /** Sends so many candidates at once. */
  trickle(count = 1): void {
    this.#send(this.#outgoing?.of('candidate', count));
  }

  /** Says something to everybody in the room. */
  broadcast(): void {
    this.#send(this.#outgoing?.of('message'));
  }

  /** The browser found a candidate: it leaves as the protocol's own client lets it leave. */
  found(): void {
    this.trickle();
  }

  async close(): Promise<void> {
    this.onFault = () => {};
    await this.pipe.close();
  }

  /** Checks a message of the peer and reports it. */
  protected arrived(bytes: Buffer, start: number, end: number): void {
    const expected = this.#expected?.ofLength(end - start);
    const first = expected?.template.firstOf(bytes, start, end) ?? -1;
    if (expected === undefined || first < 0) {
      this.fail(`a wrong message: ${bytes.toString('latin1', start, Math.min(end, start + shownBytes))}`);
    } else if (first !== this.received + 1) {
      this.fail(`${expected.kind} ${first} came where ${this.received + 1} was due`);
    } else {
      for (let count = 0; count < expected.template.counts; count += 1) {
        this.received += 1;
        this.onRelayed(expected.kind);
      }
    }
  }

  protected fail(message: string): void {
    this.onFault(new Error(`${this.name}: ${message}`));
  }

  #send(template: Template | undefined): void {
    if (template === undefined) throw new Error('a client without a peer has nobody to send to');
    this.write(template, this.sent + 1);
    this.sent += template.counts;
  }
}
