import type { Readable } from './store.ts';
import { Store } from './store.ts';

/** What plays: a video or audio element. */
export type Player = Pick<HTMLMediaElement, 'play'> & {
  /** Chromium and Firefox. */
  setSinkId?(id: string): Promise<void>;
};

/** The elements that play the others: starts them, tells when the browser wants a click first, and where sound comes out. */
export class Playback {
  readonly #players = new Set<Player>();
  readonly #refusedPlayers = new Set<Player>();
  readonly #refused = new Store(false);
  #speaker = '';

  /** The browser plays nothing until the visitor clicks: `playAll`. */
  get refused(): Readable<boolean> {
    return this.#refused;
  }

  /** Starts an element, also one that has another stream now. */
  async play(player: Player): Promise<void> {
    if (!this.#players.has(player)) {
      this.#players.add(player);
      if (this.#speaker !== '') await this.#sink(player);
    }
    try {
      await player.play();
      this.#refusedPlayers.delete(player);
    } catch (error) {
      // An element that was given another stream says AbortError: the next call counts.
      const refused = error instanceof DOMException && error.name === 'NotAllowedError';
      if (refused && this.#players.has(player)) this.#refusedPlayers.add(player);
    }
    this.#refused.set(this.#refusedPlayers.size > 0);
  }

  /** It is gone from the page. */
  remove(player: Player): void {
    this.#players.delete(player);
    this.#refusedPlayers.delete(player);
    this.#refused.set(this.#refusedPlayers.size > 0);
  }

  /** Call it in a click. */
  async playAll(): Promise<void> {
    await Promise.all([...this.#players].map((player) => this.play(player)));
  }

  /** Where sound comes out; '': the browser's default. Returns whether all took it. */
  async setSpeaker(id: string): Promise<boolean> {
    this.#speaker = id;
    const taken = await Promise.all([...this.#players].map((player) => this.#sink(player)));
    return taken.every(Boolean);
  }

  async #sink(player: Player): Promise<boolean> {
    try {
      await player.setSinkId?.(this.#speaker);
      return player.setSinkId !== undefined;
    } catch {
      // Unplugged: the browser plays on its default.
      return false;
    }
  }
}
