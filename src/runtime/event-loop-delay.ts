/** A look at the event loop, every so many milliseconds. */
const LOOK_MS = 20;

/** The time over which delays are levelled out, in milliseconds: a single collection of garbage is no overload. */
const LEVEL_MS = 500;

/** It looks for so long after it was asked, in milliseconds: nothing has to be stopped. */
const ASKED_MS = 5_000;

/** How late the event loop is: what everybody waits who has something to say. */
export class EventLoopDelay {
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;
  #askedAt = 0;
  #delayMs = 0;

  /** Milliseconds, levelled out; 0 at first. */
  get ms(): number {
    this.#askedAt = performance.now();
    if (this.#timer === undefined) {
      this.#lookedAt = this.#askedAt;
      this.#delayMs = 0;
      this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    }
    return this.#delayMs;
  }

  #look(): void {
    const now = performance.now();
    const passed = now - this.#lookedAt;
    this.#lookedAt = now;
    const late = Math.max(0, passed - LOOK_MS);
    this.#delayMs += (late - this.#delayMs) * (1 - Math.exp(-passed / LEVEL_MS));
    if (now - this.#askedAt < ASKED_MS) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
