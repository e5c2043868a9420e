import type { Client } from './client.ts';
import { allArrived, Departures, enterPairs, type Load, type LoadParts } from './load.ts';
import { exponential, mulberry } from './random.ts';

/** Candidates between the two of each pair. */
abstract class Trickle implements Load {
  protected readonly parts: LoadParts;
  protected running = false;
  readonly #departures: readonly Departures[];

  constructor(parts: LoadParts) {
    this.parts = parts;
    this.#departures = parts.clients.map(() => new Departures());
  }

  async start(): Promise<void> {
    const { clients } = this.parts;
    await enterPairs(this.parts);
    this.running = true;
    for (const [index, client] of clients.entries()) {
      const ofPeer = this.#departures[index ^ 1]!;
      client.onRelayed = () => this.#arrived(index, client, ofPeer);
    }
    this.begin();
  }

  stop(): void {
    this.running = false;
  }

  get isDone(): boolean {
    return !this.running && allArrived(this.parts.clients);
  }

  protected abstract begin(): void;

  /** A candidate came to this client. */
  protected abstract answer(index: number): void;

  /** @param departed when it left, or should have left; in ms of `performance.now` */
  protected send(index: number, departed: number): void {
    const client = this.parts.clients[index]!;
    this.#departures[index]!.note(client.sent + 1, departed);
    client.trickle();
  }

  #arrived(index: number, client: Client, ofPeer: Departures): void {
    const { meter } = this.parts;
    meter.message();
    meter.unit(performance.now() - ofPeer.of(client.received));
    this.answer(index);
  }
}

/** Closed loop: each connection keeps `inFlight` candidates under way; where one comes, one goes. */
export class ClosedTrickle extends Trickle {
  readonly #inFlight: number;

  constructor(parts: LoadParts, inFlight: number) {
    super(parts);
    this.#inFlight = inFlight;
  }

  protected override begin(): void {
    for (const index of this.parts.clients.keys()) {
      for (let sent = 0; sent < this.#inFlight; sent += 1) this.send(index, performance.now());
    }
  }

  protected override answer(index: number): void {
    if (this.running) this.send(index, performance.now());
  }
}

/**
 * Open loop: candidates leave at random moments whatever has arrived, each from a random connection. Latency counts
 * from the moment when it should have left. The process spins between them: timers are too coarse.
 */
export class OpenTrickle extends Trickle {
  readonly #perSecond: number;

  constructor(parts: LoadParts, perSecond: number) {
    super(parts);
    this.#perSecond = perSecond;
  }

  protected override begin(): void {
    const { clients, seed } = this.parts;
    const random = mulberry(seed);
    const meanGapMs = 1000 / this.#perSecond;
    let due = performance.now();
    const spin = (): void => {
      if (!this.running) return;
      const now = performance.now();
      while (due <= now) {
        this.send(Math.floor(random() * clients.length), due);
        due += exponential(random, meanGapMs);
      }
      setImmediate(spin);
    };
    spin();
  }

  protected override answer(): void {}
}
