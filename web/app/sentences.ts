import { SignalboxError } from '../../src/client/index.ts';
import type { Refusal } from '../model/refusal.ts';
import type { Wanted, Words } from '../words/words.ts';

/** Keeps a name from turning the text around it (UAX 9, isolates). */
export function isolate(name: string): string {
  return `\u2068${name}\u2069`;
}

/** An error of the SDK or of anything else, for a person. */
export function explain(error: unknown, words: Words): string {
  return error instanceof SignalboxError ? words.reasons[error.reason] : words.failed;
}

/** Why there is no camera, microphone or screen, and what to do about it. */
export function explainRefusal(refusal: Refusal, wanted: Wanted, { refusal: words }: Words): string {
  const what = words.wanted[wanted];
  if (refusal.why !== 'denied') {
    const said = words.said[refusal.why](what);
    const https = refusal.why === 'insecure' ? refusal.https : undefined;
    return https === undefined ? said : `${said} ${words.openHttps(https)}`;
  }
  const said = words.denied[refusal.by](what);
  return refusal.by === 'site' ? `${said} ${words.allow[refusal.browser]}` : said;
}
