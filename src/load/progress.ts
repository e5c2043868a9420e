import type { Phase, RunView } from './run.ts';

/** Where a run says how it goes. */
export interface Screen {
  /** A terminal: lines can be written over. */
  readonly isTerminal: boolean;
  write(text: string): void;
}

const TERMINAL_MS = 500;
const LINE_MS = 5_000;
const CLEAR_LINE = '\r\u001b[2K';

interface Moment {
  readonly at: number;
  readonly sent: number;
  readonly received: number;
}

/** A line about a run: written over on a terminal, elsewhere a new one every few seconds and at each phase. */
export class Progress {
  readonly #run: RunView;
  readonly #screen: Screen;
  readonly #began: number;
  readonly #timer: NodeJS.Timeout;
  #before: Moment;
  #phase: Phase | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(run: RunView, screen: Screen) {
    this.#run = run;
    this.#screen = screen;
    this.#began = performance.now();
    this.#before = { at: this.#began, sent: 0, received: 0 };
    this.#timer = setInterval(() => this.#look(), TERMINAL_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#screen.isTerminal) this.#screen.write(CLEAR_LINE);
  }

  #look(): void {
    const now = performance.now();
    const { phase, tally } = this.#run;
    const isDue = now - this.#writtenAt >= LINE_MS || phase !== this.#phase;
    if (!this.#screen.isTerminal && !isDue) return;
    const seconds = (now - this.#before.at) / 1000;
    const rates = {
      sent: (tally.sent - this.#before.sent) / seconds,
      received: (tally.received - this.#before.received) / seconds,
    };
    const line = progressLine(this.#run, (now - this.#began) / 1000, rates);
    this.#screen.write(this.#screen.isTerminal ? `${CLEAR_LINE}${line}` : `${line}\n`);
    this.#before = { at: now, sent: tally.sent, received: tally.received };
    this.#phase = phase;
    this.#writtenAt = now;
  }
}

/** `rates`: a second, lately. */
export function progressLine(
  { tally, phase, sessions }: RunView,
  elapsedSeconds: number,
  rates: { readonly sent: number; readonly received: number },
): string {
  const errors =
    tally.notOpened.total + tally.ended.total + tally.refused.total + tally.unknown + tally.altered;
  return [
    `${elapsedSeconds.toFixed(0)} s ${phase}`,
    `sessions ${tally.connected}/${sessions}`,
    `out ${rates.sent.toFixed(0)}/s in ${rates.received.toFixed(0)}/s`,
    `p99 ${tally.latency.count === 0 ? '-' : tally.latency.quantile(0.99).toFixed(1)} ms`,
    `errors ${errors}`,
    ...(tally.interrupted.total === 0 ? [] : [`interrupted ${tally.interrupted.total}`]),
  ].join(' · ');
}
