import { Awaited } from '../awaited.ts';
import { connectionId, countOf, description, negotiationId } from '../payload.ts';
import type { Pipe } from '../pipe.ts';
import type { DialPeer } from './dial-peer.ts';

interface Message {
  readonly type: string;
  readonly from?: string;
  readonly data: { readonly success?: boolean; readonly message?: string; readonly sdp?: string };
}

/** It registers its id, and says an offer to the hub's once that is confirmed. */
export class ClassicPeer implements DialPeer {
  readonly isSettled = true;
  onFault: (error: Error) => void = () => {};
  readonly pipe: Pipe;
  readonly #name: string;
  readonly #awaited = new Awaited();
  #answer = '';

  constructor(name: string, pipe: Pipe) {
    this.#name = name;
    this.pipe = pipe;
    pipe.onMessage = (bytes, start, end) => this.#take(JSON.parse(bytes.toString('utf8', start, end)));
    pipe.onBroken = (reason) => this.#fail(`the connection broke: ${reason}`);
  }

  async serve(room: string): Promise<void> {
    await this.#register(`hub.${room}`);
  }

  async dial(room: string, count: number): Promise<void> {
    await this.#register(`${this.#name}.${room}`);
    this.#answer = description('answer', count);
    const answered = this.#awaited.until('answer');
    const sdp = description('offer', count);
    this.#say('offer', { to: `hub.${room}`, data: { connectionId, negotiationId, type: 'offer', sdp } });
    await answered;
  }

  async leave(): Promise<void> {}

  acknowledge(): void {}

  async close(): Promise<void> {
    this.onFault = () => {};
    await this.pipe.close();
  }

  async #register(id: string): Promise<void> {
    const registered = this.#awaited.until('register_response');
    this.#say('register', { data: { id } });
    await registered;
  }

  #take({ type, from, data }: Message): void {
    if (type === 'offer') this.#answerTo(from ?? '', data.sdp ?? '');
    else if (type === 'error' || data.success === false) this.#fail(data.message ?? type);
    else if (type === 'answer' && data.sdp !== this.#answer) this.#fail('a wrong answer');
    else this.#awaited.tell(type);
  }

  #answerTo(to: string, offer: string): void {
    const count = countOf('offer', offer);
    if (count === undefined) {
      this.#fail('a wrong offer');
      return;
    }
    const sdp = description('answer', count);
    this.#say('answer', { to, data: { connectionId, negotiationId, type: 'answer', sdp } });
  }

  #say(type: string, rest: object): void {
    this.pipe.send(Buffer.from(JSON.stringify({ type, ...rest })));
  }

  #fail(message: string): void {
    this.onFault(new Error(`${this.#name}: ${message}`));
  }
}
