/** Counts what happens while it is on. */
export class Meter {
  relayed = 0;
  units = 0;
  #latencies: number[] = [];
  #on = false;

  turnOn(): void {
    this.#on = true;
  }

  turnOff(): void {
    this.#on = false;
  }

  /** A message reached its receiver. */
  message(): void {
    if (this.#on) this.relayed += 1;
  }

  /** What the scenario counts is done; it took so long, in milliseconds. */
  unit(milliseconds: number): void {
    if (!this.#on) return;
    this.units += 1;
    this.#latencies.push(milliseconds);
  }

  /** The latency that this share of all units did not exceed; 0 when there were none. */
  quantile(share: number): number {
    const sorted = Float64Array.from(this.#latencies).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }
}
