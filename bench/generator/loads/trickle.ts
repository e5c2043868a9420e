import { seededRandom } from '../../../src/load/random.ts';
import type { SteadyLoad } from '../../scenarios/scenario.ts';
import type { Client } from '../client.ts';
import { Meter } from '../meter.ts';
import type { DescriptionKind } from '../payload.ts';
import { atRandomMoments } from '../random.ts';
import {
  allArrived,
  Departures,
  enterPairs,
  type Load,
  type LoadRound,
  missingOf,
  type OpenPairs,
} from './load.ts';

type ClosedLoad = Extract<SteadyLoad, { kind: 'closed' }>;

/** Candidates, or other signals, between the two of each pair. */
abstract class Trickle implements Load {
  protected clients: readonly Client[] = [];
  protected running = false;
  readonly #open: OpenPairs;
  #meter = new Meter();
  #departures: readonly Departures[] = [];

  constructor(open: OpenPairs) {
    this.#open = open;
  }

  async prepare(): Promise<void> {
    const clients = await this.#open();
    this.clients = clients;
    this.#departures = clients.map(() => new Departures());
    await enterPairs(clients);
    for (const [index, client] of clients.entries()) {
      const ofPeer = this.#departures[index ^ 1]!;
      client.onRelayed = () => this.#arrived(index, client, ofPeer);
    }
  }

  start({ meter, seed }: LoadRound): void {
    this.#meter = meter;
    this.running = true;
    this.begin(seed);
  }

  stop(): void {
    this.running = false;
  }

  get isDone(): boolean {
    return !this.running && allArrived(this.clients);
  }

  get missing(): string {
    return missingOf(this.clients);
  }

  protected abstract begin(seed: number): void;

  /** A candidate came to this client. */
  protected abstract answer(index: number): void;

  protected say(client: Client): void {
    client.trickle();
  }

  /** @param departed when it left, or should have left; in ms of `performance.now` */
  protected send(index: number, departed: number): void {
    const client = this.clients[index]!;
    this.#departures[index]!.note(client.sent + 1, departed);
    this.say(client);
  }

  #arrived(index: number, client: Client, ofPeer: Departures): void {
    this.#meter.message();
    this.#meter.timedUnit(performance.now() - ofPeer.of(client.received));
    this.answer(index);
  }
}

/** Closed loop: each connection, or one of each pair, keeps `inFlight` signals under way; where one comes, one goes. */
export class ClosedTrickle extends Trickle {
  readonly #inFlight: number;
  readonly #starts: 'both' | 'one';
  readonly #says: DescriptionKind | undefined;

  constructor(open: OpenPairs, { inFlight, starts, says }: ClosedLoad) {
    super(open);
    this.#inFlight = inFlight;
    this.#starts = starts;
    this.#says = says;
  }

  protected override begin(): void {
    for (const index of this.clients.keys()) {
      if (this.#starts === 'one' && index % 2 === 1) continue;
      for (let sent = 0; sent < this.#inFlight; sent += 1) this.send(index, performance.now());
    }
  }

  protected override say(client: Client): void {
    if (this.#says === undefined) super.say(client);
    else client.describe(this.#says);
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

  constructor(open: OpenPairs, perSecond: number) {
    super(open);
    this.#perSecond = perSecond;
  }

  protected override begin(seed: number): void {
    const random = seededRandom(seed);
    atRandomMoments({
      random,
      perSecond: this.#perSecond,
      isRunning: () => this.running,
      act: (due) => this.send(Math.floor(random() * this.clients.length), due),
    });
  }

  protected override answer(): void {}
}
