import type { ClientHistory } from '../helpers/history.ts';
import { faultToken } from './gateway-token.ts';
import type { Others } from './scenarios/run-fleet.ts';
import { SessionClient } from './session-client.ts';

/** Clients that speak to a room each, much and often, and read what they hear. */
export class Shouters implements Others {
  readonly #clients: SessionClient[] = [];
  readonly #padding: number;
  #turn = 0;
  #shouting: NodeJS.Timeout | undefined;

  private constructor(padding: number) {
    this.#padding = padding;
  }

  /** One in each of the rooms `prefix` 0, 1, 2 …; each shout has so many bytes. */
  static async start(url: string, rooms: number, prefix: string, bytes: number): Promise<Shouters> {
    const shouters = new Shouters(bytes);
    for (let index = 0; index < rooms; index += 1) {
      const name = `shouter-${index}`;
      const token = await faultToken({ identity: name });
      const client = new SessionClient({
        ...{ name, token, url, room: `${prefix}${index}`, transport: 'grpc', random: Math.random },
      });
      shouters.#clients.push(client);
      client.start();
    }
    while (!shouters.#clients.every(({ isThere }) => isThere)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return shouters;
  }

  /** Shouts so far. */
  get count(): number {
    return this.#turn;
  }

  /** Each room is shouted at once in `everyMs`, one after the other. */
  begin(everyMs: number): void {
    this.#shouting = setInterval(() => {
      const client = this.#clients[this.#turn % this.#clients.length];
      this.#turn += 1;
      client?.say(`#${this.#turn}`, this.#padding);
    }, everyMs / this.#clients.length);
  }

  stop(): void {
    clearInterval(this.#shouting);
  }

  async rest(): Promise<void> {
    this.stop();
  }

  async histories(): Promise<readonly ClientHistory[]> {
    return this.#clients.map(({ history }) => history);
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.leave();
    while (this.#clients.some(({ room }) => room.isIn))
      await new Promise((resolve) => setTimeout(resolve, 20));
    for (const client of this.#clients) client.stop();
  }
}
