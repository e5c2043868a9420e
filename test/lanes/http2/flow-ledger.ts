const DEFAULT_WINDOW = 65_535;

/**
 * What a gateway may send (RFC 9113, section 6.9), kept by the end that receives. Smaller windows count from their
 * acknowledgement on, larger ones at once: whatever exceeds this is a fault.
 */
export class FlowLedger {
  readonly #windows = new Map<number, number>([[0, DEFAULT_WINDOW]]);
  readonly #fault: (what: string) => void;
  readonly #unacknowledged: { readonly shrink: number; readonly streams: readonly number[] }[] = [];
  #initial = DEFAULT_WINDOW;

  constructor(fault: (what: string) => void) {
    this.#fault = fault;
  }

  /** SETTINGS are sent while these streams are open. */
  settings(initialWindow: number | undefined, streams: Iterable<number>): void {
    const change = (initialWindow ?? this.#initial) - this.#initial;
    this.#initial = initialWindow ?? this.#initial;
    const open = [...streams];
    if (change > 0) for (const stream of open) this.#add(stream, change);
    this.#unacknowledged.push({ shrink: Math.min(0, change), streams: open });
  }

  acknowledged(): void {
    const settings = this.#unacknowledged.shift();
    if (settings === undefined) this.#fault('SETTINGS acknowledged that were not sent');
    else if (settings.shrink < 0) for (const stream of settings.streams) this.#add(stream, settings.shrink);
  }

  open(stream: number): void {
    this.#windows.set(stream, this.#initial);
  }

  closed(stream: number): void {
    // What is under way may still come.
    this.#windows.set(stream, Number.POSITIVE_INFINITY);
  }

  widen(stream: number, bytes: number): void {
    this.#add(stream, bytes);
  }

  take(stream: number, bytes: number): void {
    for (const id of [0, stream]) {
      const window = this.#windows.get(id) ?? 0;
      if (bytes > 0 && bytes > window)
        this.#fault(`${bytes} octets on ${stream}, the window of ${id} has ${window}`);
      this.#windows.set(id, window - bytes);
    }
  }

  #add(stream: number, bytes: number): void {
    this.#windows.set(stream, (this.#windows.get(stream) ?? this.#initial) + bytes);
  }
}
