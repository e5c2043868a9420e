/** What is free is kept up to so many bytes: a few records of each client that sends at the moment. */
const mostFreeBytes = 4 * 1024 * 1024;
/** Sizes come in steps of a quarter of a power of two, so that a fifth of the memory is unused at the most. */
export const pooledFromBytes = 1024;
const stepsPerDouble = 4;

/**
 * Memory that is used again. V8 answers each 64 MB that are taken outside its heap with a collection of the whole heap:
 * for records of 5.8 KB that was more than all that is done for them.
 *
 * Whoever forgets to give back loses nothing, the garbage collector takes it. What is given back must be read by nobody any
 * more: the next one writes into it.
 */
export class MemoryPool {
  readonly #free: Uint8Array[][] = [];
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #freeBytes = 0;

  /** `size` bytes; there may be anything in them. Below `pooledFromBytes` it is not worth it. */
  take(size: number): Uint8Array {
    const step = stepOf(size);
    let whole = this.#free[step]?.pop();
    if (whole === undefined) whole = new Uint8Array(bytesOf(step));
    else this.#freeBytes -= whole.length;
    this.#lent.add(whole.buffer);
    return whole.subarray(0, size);
  }

  /** Takes back what `take` returned. Anything else, and what was given back before, is let go. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.length < pooledFromBytes) return;
    const { buffer } = bytes;
    if (!this.#lent.delete(buffer) || this.#freeBytes + buffer.byteLength > mostFreeBytes) return;
    const step = stepOf(buffer.byteLength);
    const free = this.#free[step];
    const whole = new Uint8Array(buffer);
    if (free === undefined) this.#free[step] = [whole];
    else free.push(whole);
    this.#freeBytes += whole.length;
  }
}

/** The smallest step that holds so many bytes. */
function stepOf(size: number): number {
  const doubles = Math.max(0, 31 - Math.clz32((size - 1) / pooledFromBytes));
  const base = pooledFromBytes * 2 ** doubles;
  return doubles * stepsPerDouble + Math.max(0, Math.ceil(((size - base) * stepsPerDouble) / base));
}

function bytesOf(step: number): number {
  const base = pooledFromBytes * 2 ** Math.floor(step / stepsPerDouble);
  return base + (base / stepsPerDouble) * (step % stepsPerDouble);
}
