import type { AddressBudget } from './address-budget.ts';

/**
 * What a request asks the gateway to carry: `session` begins or resumes one, `frames` belongs to one, `call` is
 * everything else.
 */
export type AdmissionKind = 'session' | 'frames' | 'call';

export type AdmissionVerdict =
  | {
      readonly accepted: true;
      /** To be called once when the exchange is over; absent: nobody wants to know. */
      readonly over?: () => void;
    }
  | {
      readonly accepted: false;
      /** For the caller's developer, e.g. `the gateway is draining`. */
      readonly reason: string;
      /** Milliseconds after which to try again. */
      readonly retryAfterMs: number;
    };

/**
 * Decides, before a byte of a request's body is read, whether the gateway takes it. A refusal is told to the caller as
 * UNAVAILABLE (HTTP 503) with the time to wait.
 */
export interface Admission {
  /** Connections that each address may open. Default: as `connectionRate` says. */
  readonly connections?: AddressBudget;
  /** @param address of the client, as forwarded by trusted proxies */
  accept(kind: AdmissionKind, address: string): AdmissionVerdict;
}

export const ADMITTED: AdmissionVerdict = { accepted: true };
