/** Steps are not shorter than this, in milliseconds; of what lives shorter than four minutes, than an eighth of its life. */
const shortestStepMs = 30_000;

/** When the end of something is to be spoken of: at half its life, when half of the rest has gone, and so on. */
export class HalfLives {
  #start = 0;
  #end = Number.POSITIVE_INFINITY;
  #due = Number.POSITIVE_INFINITY;

  /** Both in milliseconds since 1970; Infinity: it does not end, and is never spoken of. */
  begin(start: number, end: number): void {
    this.#start = start;
    this.#end = end;
    this.again();
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  isDue(now: number): boolean {
    return now >= this.#due;
  }

  /** It was spoken of: next when half of the rest has gone. */
  told(now: number): void {
    const shortest = Math.min(shortestStepMs, (this.#end - this.#start) / 8);
    const next = now + Math.max(shortest, (this.#end - now) / 2);
    this.#due = next < this.#end ? next : Number.POSITIVE_INFINITY;
  }

  /** Nobody knows that it was spoken of: it is due at half its life, be that over or not. */
  again(): void {
    this.#due = this.#start + (this.#end - this.#start) / 2;
  }
}
