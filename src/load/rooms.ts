import { CommandError } from '../auth/token-command.ts';
import type { RoomSettings } from './scenario.ts';
import { causeOf } from './tokens.ts';

/** Calls under way at a time. */
const CALLS = 8;

/** Makes and removes rooms, as a backend does: RoomService, in JSON. */
export class Rooms {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = `${url}/signalbox.v1.RoomService`;
    this.#token = token;
  }

  /** Rejects with CommandError. */
  async create(names: readonly string[], settings: RoomSettings): Promise<void> {
    await this.#each(names, (name) => this.#call('CreateRoom', { name, settings }));
  }

  /** Rejects with CommandError. */
  async remove(names: readonly string[]): Promise<void> {
    await this.#each(names, (name) => this.#call('DeleteRoom', { name }));
  }

  async #each(names: readonly string[], action: (name: string) => Promise<void>): Promise<void> {
    const rest = names.values();
    const worker = async () => {
      for (const name of rest) await action(name);
    };
    await Promise.all(Array.from({ length: CALLS }, worker));
  }

  async #call(method: string, request: object): Promise<void> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const body = JSON.stringify(request);
    const url = `${this.#url}/${method}`;
    const response = await fetch(url, { method: 'POST', headers, body }).catch((error: unknown) => {
      throw new CommandError(`cannot call ${url}: ${causeOf(error)}`);
    });
    const answer = await response.text();
    if (!response.ok) throw new CommandError(`${url} answered with ${response.status}: ${answer}`);
  }
}
