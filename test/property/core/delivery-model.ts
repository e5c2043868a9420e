import { create } from '@bufbuild/protobuf';
import { expect } from 'vitest';
import type { StateRecord } from '../../../gen/signalbox/state/v1/state_pb.ts';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { RoomSettings_Presence as Presence, RoomSettingsSchema } from '../../../gen/signalbox/v1/room_pb.ts';
import type { CoreLimits } from '../../../src/core/limits.ts';
import type { Member } from '../../../src/core/room/member.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { freeze, startFrom } from '../../helpers/restart-node.ts';
import type { ClientBody } from '../../helpers/scripted-client.ts';
import { startTestNode, type TestNode } from '../../helpers/test-node.ts';
import { Party } from './party.ts';

/** One step of a schedule. `who` and `to` are numbers of clients. */
export type Action =
  | {
      readonly kind: 'join' | 'leave' | 'rejoin' | 'stall' | 'drain' | 'deafen' | 'drop';
      readonly who: number;
    }
  | { readonly kind: 'resume'; readonly who: number }
  | Speech
  | { readonly kind: 'signal'; readonly who: number; readonly to: number }
  | { readonly kind: 'presence'; readonly presence: Presence }
  | { readonly kind: 'tick' }
  /** An orderly restart with a state file that takes so long, in milliseconds. */
  | { readonly kind: 'restart'; readonly downMs: number };

export interface Speech {
  readonly kind: 'update' | 'say' | 'put' | 'count';
  readonly who: number;
  readonly value: number;
}

/** How many clients there are. Every other one is listed. */
export const parties = 4;

const key = roomKey('', 'r');

/** What was said in the room from its beginning to its end of one membership. */
interface Stay {
  readonly from: number;
  to: number | undefined;
}

/** Runs a schedule against a node, and knows what must come of it. */
export class DeliveryModel {
  #kit: TestNode;
  readonly #limits: Partial<CoreLimits>;
  readonly #parties: Party[] = [];
  /** Signals that were taken, as `sender:seq`, by receiver. */
  readonly #signals = new Map<Party, string[]>();
  /** RELIABLE messages that were taken, as `sender:seq`. */
  readonly #messages: string[] = [];
  readonly #stays = new Map<string, Stay>();
  readonly #values = new Map<string, string>();
  #total = 0;
  #wasFull = true;

  private constructor(kit: TestNode, limits: Partial<CoreLimits>) {
    this.#kit = kit;
    this.#limits = limits;
  }

  static async start(limits: Partial<CoreLimits>): Promise<DeliveryModel> {
    const model = new DeliveryModel(await startTestNode({ limits }), limits);
    for (let i = 0; i < parties; i += 1) {
      const party = new Party(`p${i}`);
      model.#parties.push(party);
      party.connect(await model.#connect(party));
    }
    return model;
  }

  async act(action: Action): Promise<void> {
    if (action.kind === 'tick') return this.#settle();
    if (action.kind === 'presence') return this.#present(action.presence);
    if (action.kind === 'restart') return this.#restart(action.downMs);
    const party = this.#party(action.who);
    if (action.kind === 'resume') return this.#resume(party);
    if (party.client === undefined) return;
    if ('value' in action) return this.#speak(party, action);
    if ('to' in action) return this.#signal(party, this.#party(action.to));
    switch (action.kind) {
      case 'join':
      case 'leave':
        this.#move(party, action.kind);
        break;
      case 'rejoin':
        this.#move(party, 'leave');
        this.#move(party, 'join');
        break;
      case 'stall':
        party.client.stall();
        break;
      case 'drain':
        party.deaf = false;
        party.client.drain();
        break;
      case 'deafen':
        party.deaf = true;
        break;
      case 'drop':
        party.drop();
        break;
      default:
    }
  }

  /** Everybody comes back and reads; nothing is left to do. */
  async rest(): Promise<void> {
    for (const party of this.#parties) {
      if (party.client === undefined) await this.#resume(party);
      party.deaf = false;
      party.client?.drain();
    }
    await this.#settle();
    await this.#kit.pass(2000);
    await this.#settle();
  }

  async stop(): Promise<void> {
    await this.#kit.stop();
  }

  /** Throws where somebody knows less, more or something else than it must. */
  check(): void {
    for (const party of this.#parties) {
      const { replica, identity } = party;
      const same = (what: string, known: unknown, truth: unknown) => {
        const [one, other] = [JSON.stringify(known), JSON.stringify(truth)];
        if (one !== other) throw new Error(`${identity}: ${what}: knows ${one}, should know ${other}`);
      };
      const faults = this.#wasFull
        ? replica.faults
        : replica.faults.filter((one) => !one.includes('before its join'));
      same('faults', faults, []);
      same('frames that are not acknowledged', party.unacked, 0);
      same('signals', replica.signals, this.#signals.get(party) ?? []);
      for (const [id, messages] of replica.messages) {
        const { from = 0, to } = this.#stays.get(id) ?? {};
        const said = this.#messages.slice(from, to);
        // Who has left may not have read all of it; whoever is there has.
        same(`messages as ${id}`, messages, to === undefined ? said : said.slice(0, messages.length));
      }
      const member = this.#member(party);
      same('who it is', replica.self, member?.id ?? '');
      if (member === undefined) continue;
      const room = this.#room();
      const shown = [...(room?.members.shown(room.settings.presence) ?? [])].filter((one) => one !== member);
      const entry = ({ id, name, state }: Member['participant']) => `${id} ${name} ${state}`;
      same(
        'roster',
        [...replica.roster.values()].map(entry).sort(),
        shown.map(({ participant }) => entry(participant)).sort(),
      );
      same('whether the roster is complete', replica.complete, true);
      same('count', replica.count, room?.members.counted);
      same('values', [...replica.values].sort(), [...this.#values].sort());
      same('total', replica.total, this.#total);
    }
  }

  #speak(party: Party, { kind, value }: Speech): void {
    const self = this.#member(party);
    if (kind === 'update') {
      party.send({ case: 'updateParticipant', value: { room: 'r', name: `name ${value}` } });
      return;
    }
    // The last value is an empty one: it deletes.
    const text = value === 3 && kind === 'put' ? '' : `${party.identity} says ${'x'.repeat(value * 50)}`;
    const content = { case: 'text' as const, value: text };
    const slot = `k${value % 2}`;
    const say = (message: Extract<ClientBody, { case: 'message' }>['value']): number =>
      party.send({ case: 'message', value: { room: 'r', ...message } as typeof message });
    if (kind === 'say') {
      const seq = say({ content });
      if (self !== undefined) this.#messages.push(`${self.id}:${seq}`);
    } else if (kind === 'count') {
      say({ delivery: DeliveryClass.COUNTED, count: BigInt(value) });
      if (self !== undefined) this.#total += value;
    } else {
      say({ delivery: DeliveryClass.LATEST, key: slot, content });
      if (self !== undefined && text === '') this.#values.delete(slot);
      else if (self !== undefined) this.#values.set(slot, text);
    }
  }

  #move(party: Party, kind: 'join' | 'leave'): void {
    const before = this.#member(party);
    const said = this.#messages.length;
    party.send(
      kind === 'join' ? { case: 'join', value: { room: 'r' } } : { case: 'leave', value: { room: 'r' } },
    );
    const after = this.#member(party);
    const stay = before === undefined ? undefined : this.#stays.get(before.id);
    if (stay !== undefined && after === undefined) stay.to = said;
    if (after !== undefined && after !== before) this.#stays.set(after.id, { from: said, to: undefined });
  }

  #signal(from: Party, to: Party): void {
    const target = this.#member(to);
    const self = this.#member(from);
    const seq = from.send({ case: 'signal', value: { to: target?.id ?? 'nobody' } });
    if (target === undefined || self === undefined || from === to) return;
    const sent = this.#signals.get(to) ?? [];
    sent.push(`${self.id}:${seq}`);
    this.#signals.set(to, sent);
  }

  #present(presence: Presence): void {
    const settings = create(RoomSettingsSchema, { presence });
    const room = this.#kit.engine.updateRoom(key, { settings, paths: ['presence'] });
    if (room !== undefined && presence !== Presence.FULL) this.#wasFull = false;
  }

  /** Twice: what is taken up and left again must be what was left. */
  async #restart(downMs: number): Promise<void> {
    const left = await this.#leave();
    this.#kit = await startFrom(left, { limits: this.#limits, now: this.#kit.clock.now() });
    const again = await this.#leave();
    expect(again).toEqual(left);
    this.#kit = await startFrom(again, { limits: this.#limits, now: this.#kit.clock.now() + downMs });
  }

  async #leave(): Promise<StateRecord[]> {
    const records = freeze(this.#kit);
    for (const party of this.#parties) party.drop();
    await this.#kit.stop();
    return records;
  }

  async #resume(party: Party): Promise<void> {
    const resume = party.resume();
    party.connect(await this.#connect(party, { resume }));
    await this.#settle();
  }

  async #connect({ identity }: Party, hello = {}) {
    const listed = Number(identity.slice(1)) % 2 === 0;
    return this.#kit.client({ identity, permissions: { listed } }, { hello, autoAck: false });
  }

  #party(number: number): Party {
    const party = this.#parties[number];
    if (party === undefined) throw new Error(`there is no client ${number}`);
    return party;
  }

  #room() {
    return this.#kit.engine.view(key);
  }

  #member(party: Party): Member | undefined {
    return this.#room()?.members.ofSession(party.sessionId);
  }

  async #settle(): Promise<void> {
    await this.#kit.settle();
    for (const party of this.#parties) party.read();
    await this.#kit.settle();
  }
}
