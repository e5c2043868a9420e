import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/load/random.ts';
import type { ClientHistory } from '../helpers/history.ts';
import { faultToken } from './gateway-token.ts';
import { type TransportName, transports } from './link.ts';
import { SessionClient } from './session-client.ts';

export interface FleetOptions {
  readonly url: string;
  readonly sessions: number;
  /** Members of a room; client `i` is in the room `i / roomSize`. Default 5. */
  readonly roomSize?: number;
  /** Before the names of clients. Default `c`. */
  readonly prefix?: string;
  /** Before the names of rooms. Default `room-`. */
  readonly roomPrefix?: string;
  readonly transports?: readonly TransportName[];
  readonly seed?: number;
  /** Signals a second, from random clients to random members of their rooms. */
  readonly signalsPerSecond: number;
  /** RELIABLE messages a second, to rooms. */
  readonly messagesPerSecond: number;
  readonly backoffMs?: readonly [number, number];
  /** Told how to end the fleet, before it starts. */
  readonly onFailure?: (end: () => unknown) => void;
}

const loadTickMs = 10;
/** One in so many signals asks for a receipt. */
const receiptEvery = 4;

/** Many clients who talk to each other. */
export class Fleet {
  readonly clients: SessionClient[] = [];
  readonly random: () => number;
  signals = 0;
  messages = 0;
  readonly #options: FleetOptions;
  #load: NodeJS.Timeout | undefined;
  readonly #checks: NodeJS.Timeout;

  private constructor(options: FleetOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed ?? 1);
    this.#checks = setInterval(() => {
      for (const client of this.clients) client.check();
    }, 100);
  }

  /** Opens all sessions, a hundred at a time, and waits until everybody is in a room. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    options.onFailure?.(() => fleet.stop());
    const { prefix = 'c', roomPrefix = 'room-', roomSize = 5, sessions } = options;
    for (let index = 0; index < sessions; index += 1) {
      const name = `${prefix}${index}`;
      const token = await faultToken({ identity: name });
      const kinds = options.transports ?? transports;
      const client = new SessionClient({
        ...{ name, token, url: options.url, random: fleet.random },
        room: `${roomPrefix}${Math.floor(index / roomSize)}`,
        transport: kinds[index % kinds.length]!,
        ...(options.backoffMs === undefined ? {} : { backoffMs: options.backoffMs }),
      });
      fleet.clients.push(client);
      client.start();
      if (index % 100 === 99) await fleet.attached();
    }
    await fleet.attached();
    return fleet;
  }

  get histories(): ClientHistory[] {
    return this.clients.map(({ history }) => history);
  }

  startLoad(): void {
    const { signalsPerSecond, messagesPerSecond } = this.#options;
    let then = performance.now();
    let signals = 0;
    let messages = 0;
    this.#load = setInterval(() => {
      const now = performance.now();
      // What could not be sent while this process stood still is not made up for.
      const seconds = Math.min(now - then, 100) / 1000;
      then = now;
      signals += signalsPerSecond * seconds;
      messages += messagesPerSecond * seconds;
      for (; signals >= 1; signals -= 1) this.#signal();
      for (; messages >= 1; messages -= 1) this.#say();
    }, loadTickMs);
  }

  stopLoad(): void {
    clearInterval(this.#load);
  }

  /** Waits until every client that is not over is attached, and all it sent is acknowledged, and nothing comes any more. */
  async settle(withinMs = 20_000): Promise<void> {
    const settled = () => this.clients.every((client) => client.isStopped || client.isSettled);
    const events = () => this.clients.reduce((sum, { history }) => sum + history.events.length, 0);
    const end = performance.now() + withinMs;
    let before = -1;
    while (performance.now() < end) {
      const now = events();
      if (settled() && now === before) return;
      before = now;
      await delay(500);
    }
    const [first] = this.clients.filter((client) => !client.isStopped && !client.isSettled);
    // The checker says more: what is not settled is a violation of its own.
    if (first !== undefined) process.stderr.write(`did not settle in ${withinMs} ms: ${first.describe()}\n`);
  }

  /** Waits until all clients that are not over are attached and in their rooms. */
  attached(withinMs = 20_000): Promise<void> {
    const missing = () => this.clients.find((client) => !client.isStopped && !client.isThere);
    return this.until(() => missing() === undefined, withinMs, 'the fleet').catch((error: Error) => {
      throw new Error(`${error.message}: ${missing()?.describe()}`);
    });
  }

  async until(holds: () => boolean, withinMs: number, what = 'the fleet'): Promise<void> {
    const end = performance.now() + withinMs;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`waited ${withinMs} ms for ${what}`);
      await delay(10);
    }
  }

  /** Ends all clients without a word, or after they left their rooms. */
  async stop(leave = false): Promise<void> {
    this.stopLoad();
    if (leave) {
      for (const client of this.clients) if (!client.isStopped) client.leave();
      await this.until(
        () => this.clients.every((client) => client.isStopped || !client.room.isIn),
        10_000,
        'Left',
      );
    }
    clearInterval(this.#checks);
    for (const client of this.clients) client.stop();
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random() * items.length)]!;
  }

  #signal(): void {
    const client = this.pick(this.clients);
    if (client.isStopped || !client.room.isIn || client.room.others.size === 0) return;
    const to = this.pick([...client.room.others]);
    if (client.signal(to, `${client.name} ${this.signals}`, this.signals % receiptEvery === 0))
      this.signals += 1;
  }

  #say(): void {
    const client = this.pick(this.clients);
    if (client.isStopped || !client.room.isIn) return;
    if (client.say(`${client.name} says ${this.messages}`)) this.messages += 1;
  }
}
