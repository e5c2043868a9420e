/** Loudness in decibels (full scale: 0) from which somebody begins to speak, and below which the pause begins. */
const BEGIN_DB = -45;
const END_DB = -52;
/** So long it must be loud before it counts: a cough does not. */
const BEGIN_MS = 150;
/** So long it must be quiet: the pauses between words are shorter. */
const END_MS = 700;

/** Tells speaking from silence, with two thresholds and two delays, so that nothing flaps. Times in milliseconds. */
export class SpeechDetector {
  #speaking = false;
  /** Since when it sounds otherwise than `#speaking` says. */
  #since: number | undefined;

  get speaking(): boolean {
    return this.#speaking;
  }

  /** `rms`: root mean square of the samples, 0 to 1. Returns whether somebody speaks. */
  push(rms: number, now: number): boolean {
    const db = decibels(rms);
    const otherwise = this.#speaking ? db < END_DB : db >= BEGIN_DB;
    if (!otherwise) {
      this.#since = undefined;
      return this.#speaking;
    }
    this.#since ??= now;
    if (now - this.#since < (this.#speaking ? END_MS : BEGIN_MS)) return this.#speaking;
    this.#speaking = !this.#speaking;
    this.#since = undefined;
    return this.#speaking;
  }
}

/** For a meter: 0 at -60 dB and below, 1 at -10 dB and above, even in between as ears hear it. */
export function meterOf(rms: number): number {
  return Math.min(1, Math.max(0, (decibels(rms) + 60) / 50));
}

function decibels(rms: number): number {
  return 20 * Math.log10(Math.max(rms, 1e-6));
}
