import type { DescriptionKind } from '../generator/payload.ts';
import type { MetricName, Unit } from '../metrics.ts';

/** Load that goes on: it is measured through a window. */
export type SteadyLoad =
  /** Each connection, or one of each pair, keeps so many signals under way to its peer: one comes, one goes. Candidates, unless it says otherwise. */
  | {
      readonly kind: 'closed';
      readonly inFlight: number;
      readonly starts: 'both' | 'one';
      readonly says?: DescriptionKind;
    }
  /** Candidates leave at random moments (Poisson), whatever has arrived: so many a second over all connections. */
  | { readonly kind: 'open'; readonly perSecond: number }
  /**
   * Whole calls, one after the other on each pair: join, offer, answer, candidates both ways as Chromium finds them, leave.
   * So many pairs are in a call at any time.
   */
  | { readonly kind: 'calls'; readonly candidates: number }
  /** All are in one room and like at random moments: COUNTED messages under one key. */
  | { readonly kind: 'likes'; readonly perSecond: number };

/** Work that is done once a round, and measured whole. */
export type Work =
  /** One says something to all the others: so many messages at once, every so many milliseconds. */
  | { readonly kind: 'fan-out'; readonly perTick: number; readonly tickMs: number }
  /** Each of the connections, open already, dials in to one hub: so many at a time. */
  | { readonly kind: 'dial-in'; readonly together: number }
  /** All join one room at once; what it shows of them. */
  | { readonly kind: 'storm'; readonly presence: 'full' | 'count' }
  /** Pairs in rooms, an offer each way, then nothing. */
  | { readonly kind: 'idle' };

/** How load is made. Everything that a generator needs to know, as data: it crosses a process boundary. */
export type Load = SteadyLoad | Work;

/** Load that is found out in the run: so much of the rate that the classic server reaches under another one. */
export interface ShareOfPeak {
  readonly kind: 'share-of-peak';
  readonly share: number;
  readonly peak: SteadyLoad;
}

/** No load at all: only the start of the server is measured. */
export interface JustStart {
  readonly kind: 'start';
}

/** One situation that its subjects are measured in. */
export interface Scenario<AnyLoad = Load | ShareOfPeak | JustStart> {
  readonly name: string;
  readonly title: string;
  readonly load: AnyLoad;
  /** Clients; where they come in pairs, two a pair; the sender of a fan-out and a hub come beside them. */
  readonly connections: number;
  /** What is counted by. */
  readonly unit: Unit;
  /** What it is about: the metric that the table shows first. */
  readonly about: MetricName;
  /** Names of the subjects that take part; the reference among them gives the ratios. */
  readonly subjects: readonly string[];
  /** Every round has a server and a generator of its own, so there is no warm-up. Else one serves all of the scenario, and others. */
  readonly fresh: boolean;
  /** Measured rounds, where they are fewer than the pace says. */
  readonly rounds?: number;
  /** Clients in `--quick`; absent: it is left out there. */
  readonly quick?: number;
}
