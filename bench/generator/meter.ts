/** Counts what happens while it is on. */
export class Meter {
  relayed = 0;
  units = 0;
  readonly #latencies: number[] = [];
  #on = false;

  /** One that has counted so many. */
  static counted(units: number): Meter {
    const meter = new Meter();
    meter.units = units;
    return meter;
  }

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

  /** What the scenario counts is done. */
  unit(): void {
    if (this.#on) this.units += 1;
  }

  /** The same, and it took so long, in milliseconds. */
  timedUnit(milliseconds: number): void {
    if (!this.#on) return;
    this.units += 1;
    this.#latencies.push(milliseconds);
  }

  get hasLatencies(): boolean {
    return this.#latencies.length > 0;
  }

  /** The latency that this share of all units did not exceed; 0 when there were none. */
  quantile(share: number): number {
    const sorted = Float64Array.from(this.#latencies).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }
}
