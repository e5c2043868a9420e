/** Things that are waited for by name. */
export class Awaited {
  readonly #waiting = new Map<string, () => void>();

  /** Resolves at the next `tell` of that name. */
  until(event: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(event, resolve);
    });
  }

  tell(event: string): void {
    this.#waiting.get(event)?.();
    this.#waiting.delete(event);
  }
}
