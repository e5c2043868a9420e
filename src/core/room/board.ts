import { create, toBinary } from '@bufbuild/protobuf';
import { ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { DataMessageSchema, DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { RosterDeltaSchema } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { KeyedTable, type KeyedValue } from '../keyed-table.ts';
import type { CoreLimits } from '../limits.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { encodeBody } from '../server-frame.ts';
import { encodeRelayed, OriginTemplate } from '../wire/origin.ts';
import type { Publication } from './publication.ts';

/** Shortest time between two counts of a room without a full roster, in milliseconds. */
const countIntervalMs = 250;

/** A total is nobody's word but the gateway's. */
const gateway = new OriginTemplate('');

const largestTotal = Number.MAX_SAFE_INTEGER;

interface Total {
  readonly messageType: string;
  readonly key: string;
  value: number;
}

/**
 * What a room shows beside its log: the newest LATEST values, the totals of COUNTED and the number of participants.
 * Totals and counts are summed as they come and encoded once a tick, by `settle`.
 */
export class Board {
  readonly #room: string;
  readonly #limits: Pick<CoreLimits, 'tableKeys' | 'tableBytes'>;
  readonly #table = new KeyedTable();
  readonly #totals = new Map<string, Total>();
  readonly #unsettled = new Set<Total>();
  #count: number | undefined;
  #countAt = Number.NEGATIVE_INFINITY;

  constructor(room: string, limits: Pick<CoreLimits, 'tableKeys' | 'tableBytes'>) {
    this.#room = room;
    this.#limits = limits;
  }

  get version(): number {
    return this.#table.version;
  }

  get floor(): number {
    return this.#table.floor;
  }

  since(version: number): readonly KeyedValue[] {
    return this.#table.since(version);
  }

  values(): Iterable<KeyedValue> {
    return this.#table.values();
  }

  /** LATEST: puts the newest value, or deletes it. */
  put(message: Publication, now: number): Refusal | number {
    const key = slotOf('v', message.messageType, message.key);
    const full = this.#refuseNewKey(key, message.record.length);
    if (full !== undefined && message.hasContent) return full;
    const version = this.#table.nextVersion;
    const stamp = { senderSeq: message.sender.seq, acceptedAtMs: now, version };
    const frame = encodeRelayed(message.record, message.sender.origin, stamp);
    this.#table.put(key, frame, { recordLength: message.record.length, deleted: !message.hasContent });
    return version;
  }

  /** COUNTED: adds to the total. */
  add(message: Publication): Refusal | undefined {
    const key = slotOf('t', message.messageType, message.key);
    let total = this.#totals.get(key);
    if (total === undefined) {
      const full = this.#refuseNewKey(key, message.record.length);
      if (full !== undefined) return full;
      total = { messageType: message.messageType, key: message.key, value: 0 };
      this.#totals.set(key, total);
    }
    const value = total.value + message.count;
    if (Math.abs(value) > largestTotal)
      return refuse(Reason.MALFORMED, 'the total would leave the range of 2^53');
    total.value = value;
    this.#unsettled.add(total);
    return undefined;
  }

  /** The number of participants changed, in a room whose roster does not tell. */
  setCount(count: number): void {
    this.#count = count;
  }

  /** Whether a count waits to be told. */
  get hasCount(): boolean {
    return this.#count !== undefined;
  }

  /** Encodes what was summed since the last call. */
  settle(now: number): void {
    for (const total of this.#unsettled) this.#putTotal(total, now);
    this.#unsettled.clear();
    if (this.#count === undefined || now - this.#countAt < countIntervalMs) return;
    const value = create(RosterDeltaSchema, {
      room: this.#room,
      count: this.#count,
      version: this.#table.nextVersion,
    });
    this.#table.put('c', encodeBody({ case: 'rosterDelta', value }));
    this.#count = undefined;
    this.#countAt = now;
  }

  #putTotal(total: Total, now: number): void {
    const message = create(DataMessageSchema, {
      room: this.#room,
      delivery: DeliveryClass.COUNTED,
      messageType: total.messageType,
      key: total.key,
    });
    const record = toBinary(
      ServerFrameSchema,
      create(ServerFrameSchema, { body: { case: 'message', value: message } }),
    );
    const stamp = { senderSeq: 0, acceptedAtMs: now, version: this.#table.nextVersion, total: total.value };
    const frame = encodeRelayed(record, gateway, stamp);
    this.#table.put(slotOf('t', total.messageType, total.key), frame, { recordLength: record.length });
  }

  #refuseNewKey(key: string, bytes: number): Refusal | undefined {
    if (this.#table.has(key)) return undefined;
    const keys = this.#table.size + this.#unsettled.size;
    if (keys < this.#limits.tableKeys && this.#table.bytes + bytes <= this.#limits.tableBytes)
      return undefined;
    return refuse(
      Reason.TOO_LARGE,
      `the room keeps ${keys} keyed values of ${this.#table.bytes} bytes, which is all it takes; delete some`,
    );
  }
}

/** Values, totals and the count share a table and must not meet. */
function slotOf(kind: 'v' | 't', messageType: string, key: string): string {
  return `${kind}${messageType.length}:${messageType}${key}`;
}
