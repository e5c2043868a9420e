/** How load is made. Everything that a generator needs to know, as data: it crosses a process boundary. */
export type Load =
  /** Each connection keeps so many candidates under way to its peer: one comes, one goes. */
  | { readonly kind: 'closed'; readonly inFlight: number }
  /** Candidates leave at random moments (Poisson), whatever has arrived: so many a second over all connections. */
  | { readonly kind: 'open'; readonly perSecond: number }
  /**
   * Whole calls, one after the other on each pair: join, offer, answer, candidates both ways as Chromium finds them, leave.
   * So many pairs are in a call at any time.
   */
  | { readonly kind: 'calls'; readonly candidates: number };

/** One situation that every subject is measured in. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly load: Load;
  /** Clients, two a pair. */
  readonly connections: number;
  /** What server CPU is counted by. */
  readonly unit: 'message' | 'call';
}

export const scenarios: readonly Scenario[] = [
  trickle('trickle-1', 'candidates, 1 in flight', { kind: 'closed', inFlight: 1 }),
  trickle('trickle-4', 'candidates, 4 in flight', { kind: 'closed', inFlight: 4 }),
  trickle('trickle-16', 'candidates, 16 in flight', { kind: 'closed', inFlight: 16 }),
  trickle('trickle-open', 'candidates, 5,000/s at random moments', { kind: 'open', perSecond: 5000 }),
  {
    name: 'call-setup',
    title: 'join, offer, answer, 2 × 12 candidates, leave',
    load: { kind: 'calls', candidates: 12 },
    connections: 40,
    unit: 'call',
  },
];

function trickle(name: string, title: string, load: Load): Scenario {
  return { name, title, load, connections: 100, unit: 'message' };
}
