const slabBytes = 64 * 1024;
/** Thousands of connections say little. */
const firstSlabBytes = 1024;

/**
 * A connection that carries messages. What is sent within one turn leaves in one write, whatever the protocol: a
 * client's own batching must not tell subjects apart.
 *
 * A message is written in place: `begin` makes room and frames it, the caller then fills `out`, which may be a new one,
 * from the returned position, and `commit` ends it.
 */
export abstract class Pipe {
  out = Buffer.allocUnsafe(firstSlabBytes);
  /** One whole message: a view that is gone after the call. */
  onMessage: (bytes: Buffer, start: number, end: number) => void = () => {};
  /** Messages to the server and from it. */
  messagesOut = 0;
  messagesIn = 0;
  /** The connection ended, but not by `close`. */
  onBroken: (reason: string) => void = () => {};
  protected end = 0;
  #flushed = 0;
  #scheduled = false;
  #rest: Buffer | undefined;
  #closing = false;

  begin(length: number): number {
    const needed = length + 16;
    if (this.end + needed > this.out.length) {
      this.flush();
      this.out = Buffer.allocUnsafe(Math.max(slabBytes, needed));
      this.end = 0;
      this.#flushed = 0;
    }
    const start = this.frame(this.out, this.end, length);
    this.end = start + length;
    return start;
  }

  commit(): void {
    this.messagesOut += 1;
    this.seal(this.out, this.end);
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** A whole message at once. */
  send(message: Uint8Array): void {
    const start = this.begin(message.length);
    this.out.set(message, start);
    this.commit();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.flush();
    await this.hangUp();
  }

  /** What the server's socket has sent so far, in bytes: framing, and encryption where there is any, included. */
  abstract get bytesIn(): number;

  protected deliver(bytes: Buffer, start: number, end: number): void {
    this.messagesIn += 1;
    this.onMessage(bytes, start, end);
  }

  protected flush(): void {
    if (this.#flushed === this.end) return;
    this.write(this.out.subarray(this.#flushed, this.end));
    this.#flushed = this.end;
  }

  protected received(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const used = this.split(bytes);
    this.#rest = used === bytes.length ? undefined : bytes.subarray(used);
  }

  protected broken(reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.onBroken(reason);
  }

  /** Writes what stands before a message of this length; returns where the message begins. At most 16 bytes. */
  protected abstract frame(out: Buffer, position: number, length: number): number;
  /** Called when the message that ends at `end` is complete. */
  protected abstract seal(out: Buffer, end: number): void;
  protected abstract write(bytes: Buffer): void;
  /** Calls `deliver` for each whole message; returns how many bytes were used. */
  protected abstract split(bytes: Buffer): number;
  protected abstract hangUp(): Promise<void>;
}
