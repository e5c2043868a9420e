import { SignalboxError } from '../../src/client/index.ts';
import type { Refusal } from '../model/refusal.ts';
import type { Wanted, Words } from '../words/words.ts';
import type { Kind } from './screen.ts';

/** Keeps a name from turning the text around it (UAX 9, isolates). */
export function isolate(name: string): string {
  return `\u2068${name}\u2069`;
}

/** An error of the SDK or of anything else, for a person. */
export function explain(error: unknown, words: Words): string {
  return error instanceof SignalboxError ? words.reasons[error.reason] : words.failed;
}

/** Sentences, one after the other: a full-width stop has its space in it. */
export function together(...sentences: readonly string[]): string {
  return sentences.reduce((before, next) => (before.endsWith('。') ? before + next : `${before} ${next}`));
}

/** Why there is no camera, microphone or screen, and what to do about it. */
export function explainRefusal(refusal: Refusal, wanted: Wanted, { refusal: words }: Words): string {
  const what = words.wanted[wanted];
  if (refusal.why !== 'denied') {
    const said = words.said[refusal.why](what);
    const https = refusal.why === 'insecure' ? refusal.https : undefined;
    return https === undefined ? said : together(said, words.openHttps(https));
  }
  const said = words.denied[refusal.by](what);
  return refusal.by === 'site' ? together(said, words.allow[refusal.browser]) : said;
}

/** One device that was to come along and does not. */
export interface Missing {
  readonly kind: Kind;
  readonly refusal: Refusal;
}

/** As `explainRefusal`, of one device or both: in one sentence where it is for the same reason; and that one may join without. */
export function explainMissing(missing: readonly [Missing, ...Missing[]], words: Words): string {
  const [first] = missing;
  const alike = missing.every(({ refusal }) => refusal.why === first.refusal.why);
  const said = alike
    ? [explainRefusal(first.refusal, missing.length > 1 ? 'both' : first.kind, words)]
    : missing.map(({ kind, refusal }) => explainRefusal(refusal, kind, words));
  return together(...said, words.before.joinAnyway);
}
