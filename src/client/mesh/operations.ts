/**
 * Runs asynchronous operations one after the other, so that no two of them interleave on one RTCPeerConnection. One that
 * fails is reported and does not hold up those behind it.
 */
export class Operations {
  readonly #failed: (error: unknown) => void;
  #tail: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  run(operation: () => Promise<void> | void): Promise<void> {
    this.#tail = this.#tail.then(async () => {
      if (this.#closed) return;
      try {
        await operation();
      } catch (error) {
        if (!this.#closed) this.#failed(error);
      }
    });
    return this.#tail;
  }

  /** What has not begun never does. */
  close(): void {
    this.#closed = true;
  }
}
