import type { NextStep, Reason } from './vocabulary.ts';

/** What a `SignalboxError` is made of. */
export interface ErrorFacts {
  readonly reason: Reason;
  /** English, for developers: what is wrong and what to do. */
  readonly detail: string;
  /** Default 'resume': the session goes on. */
  readonly next?: NextStep;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly field?: string | undefined;
  readonly cause?: unknown;
}

/** The one error that the SDK throws and rejects with. Translate by `reason`; show `detail` to developers only. */
export class SignalboxError extends Error {
  override readonly name = 'SignalboxError';
  readonly reason: Reason;
  /**
   * What the session does: 'resume' it goes on and only this call failed; 'reconnect' open a new one; 'reauthenticate'
   * open one with a new token; 'stop' it will not work.
   */
  readonly next: NextStep;
  /** The same call may succeed later. */
  readonly retryable: boolean;
  /** Wait this long before that, in milliseconds; absent: as you like. */
  readonly retryAfterMs: number | undefined;
  /** Path of the schema's field at fault, such as `join.attributes`. */
  readonly field: string | undefined;
  readonly detail: string;

  constructor(facts: ErrorFacts) {
    super(`${facts.reason}: ${facts.detail}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.reason = facts.reason;
    this.detail = facts.detail;
    this.next = facts.next ?? 'resume';
    this.retryable = facts.retryable ?? false;
    this.retryAfterMs = facts.retryAfterMs;
    this.field = facts.field;
  }
}
