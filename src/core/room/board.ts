import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { BoardSchema, Board as SavedBoard } from '../../../gen/signalbox/state/v1/state_pb.ts';
import { ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { DataMessageSchema, DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { KeyedTable, type KeyedValue } from '../keyed-table.ts';
import type { CoreLimits } from '../limits.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { SparseMap } from '../sparse-map.ts';
import { SparseSet } from '../sparse-set.ts';
import { encodeRelayed, OriginTemplate } from '../wire/origin.ts';
import type { Publication } from './publication.ts';
import { encodeRosterChange } from './room-frames.ts';

/** Shortest time between two counts of a room without a full roster, in milliseconds. */
const countIntervalMs = 250;

/** A total is nobody's word but the gateway's. */
const gateway = new OriginTemplate('');

const largestTotal = Number.MAX_SAFE_INTEGER;

/** Bytes of a total beside its type and key, about. */
const totalOverhead = 64;

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
  readonly #count: () => number;
  readonly #table = new KeyedTable();
  readonly #totals = new SparseMap<string, Total>();
  readonly #unsettled = new SparseSet<Total>();
  /** Keys and bytes of totals that are not in the table yet. */
  #newTotals = 0;
  #newTotalBytes = 0;
  #countOwed = false;
  #countAt = Number.NEGATIVE_INFINITY;

  /** `count` tells the number of participants at the moment. */
  constructor(room: string, limits: Pick<CoreLimits, 'tableKeys' | 'tableBytes'>, count: () => number) {
    this.#room = room;
    this.#limits = limits;
    this.#count = count;
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
    if (!message.hasContent && !this.#table.has(key)) return this.#table.version;
    const full = message.hasContent ? this.#refuseValue(key, message.record.length) : undefined;
    if (full !== undefined) return full;
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
      const bytes = totalOverhead + message.messageType.length + message.key.length;
      const full = this.#refuseValue(key, bytes);
      if (full !== undefined) return full;
      this.#newTotals += 1;
      this.#newTotalBytes += bytes;
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

  /**
   * The number of participants changed, and no roster tells. It is read when it is told, as a roster change that comes
   * between would else be followed by an older number.
   */
  oweCount(): void {
    this.#countOwed = true;
  }

  /**
   * The log tells the number of participants as it is now. One that stands here is older, and would be read after it by whoever
   * has read neither.
   */
  countIsInLog(): void {
    this.#table.forget('c');
  }

  /** Whether a count waits to be told. */
  get owesCount(): boolean {
    return this.#countOwed;
  }

  /** Whether a count that is owed may be told: it was not so a short while ago. */
  isCountDue(now: number): boolean {
    return now - this.#countAt >= countIntervalMs;
  }

  /** Encodes what was summed since the last call. */
  settle(now: number): void {
    this.#settleTotals(now);
    if (!this.#countOwed || !this.isCountDue(now)) return;
    const change = { count: this.#count(), version: this.#table.nextVersion };
    this.#table.put('c', encodeRosterChange(this.#room, change));
    this.#countOwed = false;
    this.#countAt = now;
  }

  #settleTotals(now: number): void {
    for (const total of this.#unsettled) this.#putTotal(total, now);
    this.#unsettled.clear();
    this.#newTotals = 0;
    this.#newTotalBytes = 0;
  }

  /** For the state file. Sums are settled first: a total that nobody was told is in no frame. */
  save(now: number): MessageInitShape<typeof BoardSchema> {
    this.#settleTotals(now);
    return { ...this.#table.save(), totals: [...this.#totals.values()], owesCount: this.#countOwed };
  }

  /** An empty board goes on from the state file. */
  restore(saved: SavedBoard): void {
    this.#table.restore(saved);
    for (const { messageType, key, value } of saved.totals) {
      this.#totals.set(slotOf('t', messageType, key), { messageType, key, value });
    }
    this.#countOwed = saved.owesCount;
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

  /** A value is refused where it would bring the table over its bounds; one that makes it smaller never is. */
  #refuseValue(key: string, bytes: number): Refusal | undefined {
    const { tableKeys, tableBytes } = this.#limits;
    const keys = this.#table.size + this.#newTotals;
    const size = this.#table.bytes + this.#newTotalBytes;
    const before = this.#table.bytesOf(key);
    const fitsKeys = this.#table.has(key) || keys < tableKeys;
    if (fitsKeys && (bytes <= before || size - before + bytes <= tableBytes)) return undefined;
    return refuse(
      Reason.TOO_LARGE,
      `the room keeps ${keys} keyed values of ${size} bytes; at most ${tableKeys} of ${tableBytes} bytes: delete some`,
      { room: this.#room },
    );
  }
}

/** Values, totals and the count share a table and must not meet. */
function slotOf(kind: 'v' | 't', messageType: string, key: string): string {
  return `${kind}${messageType.length}:${messageType}${key}`;
}
