/** What a request asks the gateway to carry: `session` begins or resumes one, `call` is everything else. */
export type AdmissionKind = 'session' | 'call';

export type AdmissionVerdict =
  | { readonly accepted: true }
  | {
      readonly accepted: false;
      /** For the caller's developer, e.g. `the gateway is draining`. */
      readonly reason: string;
      /** Whole seconds after which to try again. */
      readonly retryAfterSeconds: number;
    };

/**
 * Decides, before a byte of a request's body is read, whether the gateway takes it. A refusal is told to the caller as
 * UNAVAILABLE (HTTP 503) with the time to wait.
 */
export interface Admission {
  accept(kind: AdmissionKind): AdmissionVerdict;
}

export const ADMIT_ALL: Admission = { accept: () => ({ accepted: true }) };
