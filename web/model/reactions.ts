import type { DataMessage, Room } from '../../src/client/index.ts';
import type { Readable } from './store.ts';
import { Store } from './store.ts';
import { Topic } from './topic.ts';

const TYPE = 'reaction';

/** Something to float over the pictures. */
export interface Float {
  readonly key: string;
  /** How many at once, from 1. */
  readonly count: number;
  readonly own: boolean;
}

/** Reactions as totals that the gateway counts (COUNTED), and the stream of what is added to them. */
export class Reactions {
  /** The own ones at once, those of others as the totals grow. */
  readonly floats = new Topic<Float>();
  readonly #room: Room;
  readonly #totals: Store<ReadonlyMap<string, number>>;
  /** Own ones that no total has yet. */
  readonly #own = new Map<string, number>();
  readonly #stop: () => void;

  constructor(room: Room) {
    this.#room = room;
    const known = [...room.retained.values()].filter(isReaction);
    this.#totals = new Store<ReadonlyMap<string, number>>(
      new Map(known.map(({ key, total }) => [key, total])),
    );
    this.#stop = room.on('message', (message) => this.#heard(message));
  }

  /** By key, such as an emoji. */
  get totals(): Readable<ReadonlyMap<string, number>> {
    return this.#totals;
  }

  /** Whether the own token permits it. */
  get allowed(): boolean {
    const { muteMessages, sendTypes, deliveries } = this.#room.self.permissions;
    const typeAllowed = sendTypes.length === 0 || sendTypes.includes(TYPE);
    return !muteMessages && typeAllowed && (deliveries.length === 0 || deliveries.includes('counted'));
  }

  send(key: string): void {
    if (this.#room.closed) return;
    this.#room.addCount(TYPE, key);
    this.#own.set(key, (this.#own.get(key) ?? 0) + 1);
    this.floats.emit({ key, count: 1, own: true });
  }

  close(): void {
    this.#stop();
  }

  #heard(message: DataMessage): void {
    if (!isReaction(message)) return;
    const { key, total } = message;
    const added = total - (this.#totals.value.get(key) ?? 0);
    this.#totals.set(new Map([...this.#totals.value, [key, total]]));
    if (added <= 0) return;
    const mine = Math.min(added, this.#own.get(key) ?? 0);
    this.#own.set(key, (this.#own.get(key) ?? 0) - mine);
    if (added > mine) this.floats.emit({ key, count: added - mine, own: false });
  }
}

function isReaction({ type, delivery }: DataMessage): boolean {
  return type === TYPE && delivery === 'counted';
}
