import type { Browser } from './browser.ts';

/**
 * Why there is no camera, microphone or screen. 'denied': by the visitor for this site, or by the operating system for the
 * browser. 'dismissed': the question was not answered, it may be asked again. 'none': no such device. 'busy': another
 * program has it. 'insecure': the page came over plain HTTP; `https` is where it is to be had, if that is known. 'policy':
 * the page that embeds this one does not allow it. 'unsupported': this browser has no such thing.
 */
export type Refusal =
  | { readonly why: 'denied'; readonly by: 'site' | 'system'; readonly browser: Browser }
  | { readonly why: 'dismissed'; readonly browser: Browser }
  | { readonly why: 'none' }
  | { readonly why: 'busy' }
  | { readonly why: 'insecure'; readonly https: string | undefined }
  | { readonly why: 'policy' }
  | { readonly why: 'unsupported' }
  | { readonly why: 'unknown'; readonly detail: string };

/** What is known when a device was refused. */
export interface RefusalFacts {
  readonly browser: Browser;
  /** The permission after the refusal; undefined: the browser does not tell. */
  readonly permission: PermissionState | undefined;
  /** The page is in a frame of another origin, and the browser does not tell what that frame allows. */
  readonly framed: boolean;
  /** Since it was asked for, in milliseconds. */
  readonly tookMs: number;
}

/** Nobody reads a question and answers it as fast as that. */
const UNANSWERED_MS = 150;

/**
 * What the error of `getUserMedia` or `getDisplayMedia` means (W3C Media Capture 10.2). The specification has one name for
 * a denied and a dismissed question: Chromium tells them apart in the message, others by the permission that stays 'prompt'.
 */
export function refusalOf(error: unknown, facts: RefusalFacts): Refusal {
  const { browser, permission } = facts;
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const message = error instanceof Error || error instanceof DOMException ? error.message : String(error);
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
    case 'PermissionDeniedError':
      if (/by system/i.test(message)) return { why: 'denied', by: 'system', browser };
      if (/permissions? policy|feature policy/i.test(message)) return { why: 'policy' };
      if (facts.framed && facts.tookMs < UNANSWERED_MS) return { why: 'policy' };
      if (/dismiss/i.test(message) || permission === 'prompt') return { why: 'dismissed', browser };
      // Allowed for the site, and yet not given: the system keeps it from the browser.
      return { why: 'denied', by: permission === 'granted' ? 'system' : 'site', browser };
    case 'NotFoundError':
    case 'OverconstrainedError':
    case 'DevicesNotFoundError':
      return { why: 'none' };
    case 'NotReadableError':
    case 'AbortError':
    case 'TrackStartError':
      return { why: 'busy' };
    case 'NotSupportedError':
      return { why: 'unsupported' };
    default:
      return { why: 'unknown', detail: name === '' ? message : `${name}: ${message}` };
  }
}
