import type { ClientBody } from '../../helpers/scripted-client.ts';
import type { TestClient } from '../../helpers/test-node.ts';
import { Replica } from './replica.ts';

/** A client over all its connections: what it has read, and what it has said and does not know to be done. */
export class Party {
  readonly replica = new Replica();
  readonly identity: string;
  client: TestClient | undefined;
  /** It does not read what its lane was handed: lost, when the connection is. */
  deaf = false;
  #attempt = 1;
  #token = '';
  #epoch = '';
  #read = 0;
  #seq = 0;
  #unacked: { readonly seq: number; readonly body: ClientBody }[] = [];

  constructor(identity: string) {
    this.identity = identity;
  }

  get sessionId(): string {
    return this.#token.slice(0, this.#token.indexOf('.'));
  }

  get unacked(): number {
    return this.#unacked.length;
  }

  /** Says something; returns its seq. */
  send(body: ClientBody): number {
    this.#seq += 1;
    this.#unacked.push({ seq: this.#seq, body });
    this.client?.send(body, this.#seq);
    return this.#seq;
  }

  /** What the next Hello asks for. */
  resume() {
    this.#attempt += 1;
    const { receivedSeq, rooms } = this.replica;
    return { token: this.#token, epoch: this.#epoch, attempt: this.#attempt, receivedSeq, rooms };
  }

  /** Goes on with another connection: what is not known to be done is said again. */
  connect(client: TestClient): void {
    this.client = client;
    this.deaf = false;
    this.#read = 0;
    this.read();
    for (const { seq, body } of this.#unacked) client.send(body, seq);
  }

  drop(): void {
    this.client?.drop();
    this.client = undefined;
  }

  /** Reads what came, and acknowledges it. */
  read(): void {
    if (this.client === undefined || this.deaf) return;
    const before = this.replica.receivedSeq;
    for (const frame of this.client.since(this.#read)) {
      this.#read += 1;
      if (frame.body.case === 'welcome') {
        this.#token ||= frame.body.value.resumeToken;
        this.#epoch = frame.body.value.epoch;
      }
      this.replica.take(frame);
    }
    this.#unacked = this.#unacked.filter(({ seq }) => seq > this.replica.ack);
    if (this.replica.receivedSeq > before) this.client.sendFrame({ ack: this.replica.receivedSeq });
  }
}
