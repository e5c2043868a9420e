import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import type { CoreLimits } from '../limits.ts';
import { type Rate, TokenBucket } from '../token-bucket.ts';
import { type FrameScan, MESSAGE_BODY, SIGNAL_BODY } from '../wire/scan.ts';

/** Kinds of frames that are counted apart: who sends too many of one still has the others. */
export type FrameKind = 'signal' | 'message' | 'lossy' | 'control' | 'light';

const RATES = {
  signal: 'signalRate',
  message: 'messageRate',
  lossy: 'lossyRate',
  control: 'controlRate',
  light: 'lightRate',
} as const satisfies Record<FrameKind, keyof CoreLimits>;

type FrameRates = Pick<CoreLimits, (typeof RATES)[FrameKind] | 'byteRate'>;

/** Numbers of Ping, Pong and Report in ClientFrame; 0 is a bare acknowledgement. */
const lightBodies: readonly number[] = [0, 5, 6, 8];

/** A session that has to wait goes on with so many milliseconds' worth of tokens: not a frame at a time. */
const quantumMs = 50;

export function kindOf({ body, message }: FrameScan): FrameKind {
  if (body === SIGNAL_BODY) return 'signal';
  if (body === MESSAGE_BODY) return message.delivery === DeliveryClass.LOSSY ? 'lossy' : 'message';
  return lightBodies.includes(body) ? 'light' : 'control';
}

/** What one session may send. A frame is taken and then paid for: what the session owes, it waits for. */
export class FrameBudget {
  readonly #limits: FrameRates;
  /** Made when they are needed: most sessions send signals and little else. */
  #signals: TokenBucket | undefined;
  #others: Partial<Record<FrameKind, TokenBucket>> | undefined;
  #bytes: TokenBucket | undefined;

  constructor(limits: FrameRates) {
    this.#limits = limits;
  }

  /** Pays for a frame that is taken (see also `takesLossy`). Returns the milliseconds to wait before the next one. */
  pay(kind: FrameKind, bytes: number, now: number): number {
    const { byteRate } = this.#limits;
    this.#bytes ??= new TokenBucket(byteRate, now);
    const forBytes = payFrom(this.#bytes, byteRate, bytes, now);
    if (kind === 'lossy') return forBytes;
    return Math.max(forBytes, payFrom(this.#bucketOf(kind, now), this.#limits[RATES[kind]], 1, now));
  }

  /** Whether a LOSSY message may pass: it is paid for if it does. */
  takesLossy(now: number): boolean {
    return this.#bucketOf('lossy', now).take(1, now) === 0;
  }

  #bucketOf(kind: FrameKind, now: number): TokenBucket {
    if (kind === 'signal') {
      this.#signals ??= new TokenBucket(this.#limits.signalRate, now);
      return this.#signals;
    }
    this.#others ??= {};
    this.#others[kind] ??= new TokenBucket(this.#limits[RATES[kind]], now);
    return this.#others[kind];
  }
}

/** Takes tokens from a bucket, into debt if need be. Returns the milliseconds to wait then; 0: none is owed. */
export function payFrom(bucket: TokenBucket, { perSecond }: Rate, tokens: number, now: number): number {
  return bucket.pay(tokens, now) ? 0 : bucket.waitMs(now, (perSecond * quantumMs) / 1000);
}
