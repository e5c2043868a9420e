import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Decoder } from './build.ts';

/** What is asked of a decoder: 0 and 1 read a ClientFrame or a ServerFrame; 2 and 3 encode it again. */
export interface Question {
  readonly kind: 0 | 1 | 2 | 3;
  readonly bytes: Uint8Array;
}

/** A decoder of another language, as a process. */
export class DecoderProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  #received: Buffer[] = [];
  #size = 0;
  #stderr = '';

  constructor(decoder: Decoder) {
    this.#child = spawn(decoder.command, decoder.args, { stdio: 'pipe' });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#size += chunk.length;
    });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-2000);
    });
    this.#child.stdin.on('error', () => {});
  }

  /** The answers, in order; undefined: refused. */
  async ask(questions: readonly Question[]): Promise<(Buffer | undefined)[]> {
    this.#child.stdin.write(Buffer.concat(questions.map(encode)));
    const answers: (Buffer | undefined)[] = [];
    let rest = Buffer.alloc(0);
    while (answers.length < questions.length) {
      if (this.#size === 0) await this.#more();
      rest = Buffer.concat([rest, ...this.#received.splice(0)]);
      this.#size = 0;
      let at = 0;
      while (rest.length - at >= 4) {
        const length = rest.readUInt32LE(at);
        if (length === 0xffffffff) {
          answers.push(undefined);
          at += 4;
          continue;
        }
        if (rest.length - at - 4 < length) break;
        answers.push(rest.subarray(at + 4, at + 4 + length));
        at += 4 + length;
      }
      rest = rest.subarray(at);
    }
    return answers;
  }

  async #more(): Promise<void> {
    const ended = new AbortController();
    try {
      const end = once(this.#child, 'close', { signal: ended.signal }).then(() => {
        throw new Error(`the decoder ended: ${this.#stderr}`);
      });
      await Promise.race([once(this.#child.stdout, 'data', { signal: ended.signal }), end]);
    } finally {
      ended.abort();
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
  }
}

function encode({ kind, bytes }: Question): Uint8Array {
  const head = Buffer.alloc(5);
  head[0] = kind;
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
