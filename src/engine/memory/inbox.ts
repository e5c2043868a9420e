import type { MessageInitShape } from '@bufbuild/protobuf';
import type { InboxRecord, InboxRecordSchema } from '../../../gen/signalbox/state/v1/state_pb.ts';
import type { AppendOutcome, FlaggedFrame, InboxEntry, InboxFrame, InboxView } from '../../core/engine.ts';
import type { CoreLimits } from '../../core/limits.ts';
import { OffsetLog } from '../../core/offset-log.ts';
import { SenderMarks } from '../../core/sender-marks.ts';
import type { MemoryPool } from '../../core/wire/memory-pool.ts';

interface Entry extends InboxEntry {
  /** Set where the sender wants a receipt. */
  readonly flagged: FlaggedFrame | undefined;
  /** Where `body` goes back to. */
  readonly pool: MemoryPool | undefined;
}

/** A session's inbox: what was accepted stays until it is acknowledged, what is over the bounds is refused. */
export class Inbox implements InboxView {
  readonly epoch: string;
  readonly #limits: Pick<CoreLimits, 'inboxFrames' | 'inboxBytes'>;
  readonly #log = new OffsetLog<Entry>();
  readonly #marks = new SenderMarks();

  constructor(epoch: string, limits: Pick<CoreLimits, 'inboxFrames' | 'inboxBytes'>) {
    this.epoch = epoch;
    this.#limits = limits;
  }

  get lo(): number {
    return this.#log.lo;
  }

  get hi(): number {
    return this.#log.hi;
  }

  get bytes(): number {
    return this.#log.bytes;
  }

  at(seq: number): InboxEntry | undefined {
    return this.#log.at(seq);
  }

  append(frame: InboxFrame, now: number): AppendOutcome {
    const { body, pool, sender, senderSeq, wantReceipt } = frame;
    const claim = this.#marks.claim(sender, senderSeq, now);
    if (claim !== 'new') return claim === 'refused' ? 'overflow' : 'duplicate';
    if (this.#isFull(body.length)) {
      this.#marks.refuse(sender);
      return 'overflow';
    }
    const flagged = wantReceipt ? { sender, senderSeq } : undefined;
    this.#log.append({ body, size: body.length, flagged, pool });
    return 'appended';
  }

  appendOwn(body: Uint8Array): void {
    this.#log.append({ body, size: body.length, flagged: undefined, pool: undefined });
  }

  acknowledge(seq: number): readonly FlaggedFrame[] {
    let flagged: FlaggedFrame[] | undefined;
    this.#log.trim(seq, (entry) => {
      entry.pool?.giveBack(entry.body);
      if (entry.flagged === undefined) return;
      flagged ??= [];
      flagged.push(entry.flagged);
    });
    return flagged ?? none;
  }

  /** Senders and seqs of the frames that nobody will acknowledge any more. */
  unread(): readonly FlaggedFrame[] {
    return this.acknowledge(this.#log.hi);
  }

  /** See `SenderMarks.forget`. */
  forgetMarks(before: number, isOver: (sender: string) => boolean): void {
    this.#marks.forget(before, isOver);
  }

  /** For the state file. */
  save(): Pick<MessageInitShape<typeof InboxRecordSchema>, 'epoch' | 'lo' | 'entries' | 'marks'> {
    const entries = this.#log.entries().map(({ body, flagged }) => {
      return { body, receiptTo: flagged?.sender ?? '', senderSeq: flagged?.senderSeq ?? 0 };
    });
    return { epoch: this.epoch, lo: this.lo, entries, marks: this.#marks.save() };
  }

  /** An empty inbox goes on from the state file. */
  restore({ lo, entries, marks }: InboxRecord): void {
    this.#log.startAfter(lo);
    for (const { body, receiptTo: sender, senderSeq } of entries) {
      const flagged = sender === '' ? undefined : { sender, senderSeq };
      // A copy: a small frame must not keep the whole record that it was read from.
      this.#log.append({ body: body.slice(), size: body.length, flagged, pool: undefined });
    }
    this.#marks.restore(marks);
  }

  #isFull(size: number): boolean {
    if (this.#log.length === 0) return false;
    return this.#log.length >= this.#limits.inboxFrames || this.#log.bytes + size > this.#limits.inboxBytes;
  }
}

const none: readonly FlaggedFrame[] = [];
