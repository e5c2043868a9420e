import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MarkSchema, Mark as SavedMark } from '../../gen/signalbox/state/v1/state_pb.ts';
import { SparseMap } from './sparse-map.ts';

/** What a log remembers of a sender: its newest seq, and whether that one was refused. */
interface Mark {
  seq: number;
  refused: boolean;
  at: number;
}

/**
 * Drops what a log was given before. Sound because a sender's frames come in order and one at a time, and because a
 * refusal is remembered: the same frame is never refused once and taken later.
 */
export class SenderMarks {
  readonly #marks = new SparseMap<string, Mark>();
  /** The sender that was heard last, and its mark: most inboxes have one. */
  #lastSender = '';
  #lastMark: Mark | undefined;

  /** Whether the frame is new to the log; if so it is remembered. */
  claim(sender: string, seq: number, now: number): 'new' | 'duplicate' | 'refused' {
    const mark = this.#isLast(sender) ? this.#lastMark : this.#marks.get(sender);
    if (mark === undefined) {
      this.#marks.set(sender, { seq, refused: false, at: now });
      return 'new';
    }
    this.#lastSender = sender;
    this.#lastMark = mark;
    if (seq <= mark.seq) return mark.refused && seq === mark.seq ? 'refused' : 'duplicate';
    mark.seq = seq;
    mark.refused = false;
    mark.at = now;
    return 'new';
  }

  #isLast(sender: string): boolean {
    return this.#lastMark !== undefined && sender === this.#lastSender;
  }

  /** The frame claimed last was refused. */
  refuse(sender: string): void {
    const mark = this.#marks.get(sender);
    if (mark !== undefined) mark.refused = true;
  }

  /** For the state file. */
  save(): MessageInitShape<typeof MarkSchema>[] {
    return [...this.#marks].map(([sender, mark]) => ({ sender, ...mark }));
  }

  /** Goes on from the state file. */
  restore(saved: readonly SavedMark[]): void {
    for (const { sender, seq, refused, at } of saved) this.#marks.set(sender, { seq, refused, at });
  }

  /**
   * Forgets senders that were last heard before `before`, in milliseconds, and sessions that are over: nothing of theirs comes
   * again. A call that brings a copy of what they sent finds no session to bring it to.
   */
  forget(before: number, isOver: (sender: string) => boolean): void {
    this.#lastMark = undefined;
    for (const [sender, mark] of this.#marks) {
      if (mark.at < before || isOver(sender)) this.#marks.delete(sender);
    }
  }
}
