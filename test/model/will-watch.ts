import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { Engine } from '../../src/core/engine.ts';
import type { Publication } from '../../src/core/room/publication.ts';
import type { RoomKey } from '../../src/core/room-key.ts';
import { enumName } from '../helpers/enum-name.ts';
import type { Violation } from '../helpers/history.ts';
import type { ModelClient } from './model-client.ts';

/** Whether the wills of lost sessions, and no others, are told before their participants go. */
export class WillWatch {
  readonly violations: Violation[] = [];
  readonly #engine: () => Engine;
  readonly #clients: () => Iterable<ModelClient>;
  /** By session and room. */
  readonly #told = new Map<string, string>();

  constructor(engine: () => Engine, clients: () => Iterable<ModelClient>) {
    this.#engine = engine;
    this.#clients = clients;
  }

  published(key: RoomKey, { sender, record }: Publication): void {
    if (sender.session === '' || sender.seq > 0 || !Buffer.from(record).includes('will ')) return;
    this.#told.set(`${sender.session} ${key}`, Buffer.from(record).toString('latin1'));
  }

  leaving(key: RoomKey, room: string, session: string, reason: Reason): void {
    const participant = this.#engine().memberships(session).get(key);
    const told = this.#told.get(`${session} ${key}`);
    this.#told.delete(`${session} ${key}`);
    if (participant === undefined) return;
    const wasLost = reason === Reason.LEASE_EXPIRED || reason === Reason.SLOW_CONSUMER;
    const wills = [...this.#clients()].flatMap((client) =>
      client.keepsakes
        .filter((kept) => kept.what === 'will' && kept.session === session && kept.room === room)
        .map((kept) => ({ kept, client })),
    );
    const add = (detail: string) =>
      this.violations.push({
        rule: 'will',
        client: 'gateway',
        detail: `${participant} in ${room}: ${detail}`,
      });
    if (told !== undefined) {
      if (!wasLost) add(`a will was told, though it left for ${enumName(Reason, reason)}`);
      if (!wills.some(({ kept }) => told.includes(kept.text))) add('a will was told that nobody made');
      return;
    }
    const last = wills.at(-1);
    if (!wasLost || last === undefined) return;
    const { kept, client } = last;
    if (client.fateOf(kept) === 'done' && kept.participant === participant && kept.key !== 'clear') {
      add('it was lost, and its will was not told');
    }
  }
}
