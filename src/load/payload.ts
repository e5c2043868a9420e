/** What a signal says of itself. */
export interface Note {
  /** Index of the sender. */
  readonly sender: number;
  /** Which of those that this sender sent this way: 1, 2, 3 … */
  readonly count: number;
  /** When it was due, in milliseconds of the process's clock. */
  readonly due: number;
}

/** Fewer bytes than this may not hold a note. */
export const LEAST_BYTES = 64;

const pattern = /^load (\d+) (\d+) (\d+) /;
/** What fills a signal up: text as long as a candidate, again and again. */
const filler = 'candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0 ';

/** The texts that are sent: a note, filled up to `size` bytes, by which the receiver knows whether it is whole. */
export class Payload {
  readonly #size: number;
  readonly #fill: string;

  constructor(size: number) {
    this.#size = size;
    this.#fill = filler.repeat(Math.ceil(size / filler.length));
  }

  write({ sender, count, due }: Note): string {
    return this.#filled(`load ${sender} ${count} ${Math.round(due * 1000)} `);
  }

  /** undefined: it was not written so. */
  read(text: string): Note | undefined {
    const match = pattern.exec(text);
    if (match === null || text !== this.#filled(match[0])) return undefined;
    const [, sender, count, due] = match;
    return { sender: Number(sender), count: Number(count), due: Number(due) / 1000 };
  }

  #filled(head: string): string {
    return head + this.#fill.slice(0, Math.max(0, this.#size - head.length));
  }
}
