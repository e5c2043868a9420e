import type { Scenario, SteadyLoad } from './scenario.ts';

export const lanes = ['classic', 'signalbox-ws', 'signalbox-grpc'];
const gateway = ['signalbox-ws', 'signalbox-grpc'];
const all = [...lanes, 'signalbox-halves', 'socket-io', 'peer-server', 'grpc-js-relay', 'connect-node-relay'];
const fourInFlight = { kind: 'closed', inFlight: 4, starts: 'both' } as const;

/** In the order in which they run: memory and starts come last, as each of their rounds starts servers anew. */
export const scenarios: readonly Scenario[] = [
  {
    ...trickle('trickle-4', 'candidates, 4 in flight', fourInFlight, 50),
    subjects: all,
    quick: 100,
  },
  trickle('trickle-16', 'candidates, 16 in flight', { ...fourInFlight, inFlight: 16 }, 50),
  open(10_000, 50),
  open(10_000, 500),
  open(20_000, 50),
  open(20_000, 500),
  {
    ...trickle('trickle-lone', 'candidates, one of each pair starts', lone(), 500),
    quick: 200,
  },
  {
    ...trickle('send-frames', 'one candidate a SendFrames, one of each pair starts', lone(), 50),
    subjects: ['signalbox-halves'],
  },
  {
    ...trickle(
      'latency',
      "candidates, at random moments, 70 % of the classic server's peak rate",
      lone(),
      50,
    ),
    load: { kind: 'share-of-peak', share: 0.7, peak: fourInFlight },
    about: 'latency_p99',
  },
  {
    name: 'call-setup',
    title: 'join, offer, answer, 2 × 12 candidates, leave',
    load: { kind: 'calls', candidates: 12 },
    connections: 200,
    unit: 'call',
    about: 'server_cpu',
    subjects: all,
    fresh: false,
    quick: 40,
  },
  {
    name: 'dial-in',
    title: 'hello, join and offer to the hub in one flight, its answer',
    load: { kind: 'dial-in', together: 8 },
    connections: 300,
    unit: 'dial-in',
    about: 'server_cpu',
    subjects: lanes,
    fresh: false,
    quick: 100,
  },
  fanOut(1000, 1, 26),
  { ...fanOut(1000, 20, 520), quick: 1000 },
  { ...fanOut(5000, 1, 130), rounds: 3 },
  { ...fanOut(5000, 20, 2600), rounds: 3 },
  {
    name: 'likes',
    title: 'COUNTED, 50,000/s at random moments, the total exact',
    load: { kind: 'likes', perSecond: 50_000 },
    connections: 200,
    unit: 'like',
    about: 'server_cpu',
    subjects: gateway,
    fresh: false,
    quick: 200,
  },
  { ...storm('full'), quick: 500 },
  storm('count'),
  { ...idle('idle', 10_000, lanes), quick: 1000 },
  idle('idle-tls', 2000, ['signalbox-ws-tls', 'signalbox-grpc-tls']),
  {
    name: 'start',
    title: 'from the start of the process to the first accepted connection',
    load: { kind: 'start' },
    connections: 0,
    unit: 'start',
    about: 'start_time',
    subjects: ['classic', 'signalbox-grpc'],
    fresh: true,
    quick: 0,
  },
];

function lone(): SteadyLoad {
  return { kind: 'closed', inFlight: 1, starts: 'one' };
}

export function trickle(name: string, title: string, load: SteadyLoad, pairs: number): Scenario {
  return {
    name,
    title,
    load,
    connections: 2 * pairs,
    unit: 'message',
    about: 'server_cpu',
    subjects: lanes,
    fresh: false,
  };
}

export function open(perSecond: number, pairs: number): Scenario {
  const title = `candidates, ${perSecond / 1000},000/s at random moments, ${pairs} pairs`;
  const scenario = trickle(
    `trickle-${perSecond / 1000}k-${pairs}`,
    title,
    { kind: 'open', perSecond },
    pairs,
  );
  return perSecond === 10_000 && pairs === 50 ? { ...scenario, quick: 100 } : scenario;
}

/** @param tickMs so that the classic server is at about half load */
export function fanOut(listeners: number, perTick: number, tickMs: number): Scenario {
  return {
    name: `fan-out-${listeners}-${perTick}`,
    title: `1 → ${listeners / 1000},000, ${perTick} at once each ${tickMs} ms`,
    load: { kind: 'fan-out', perTick, tickMs },
    connections: listeners,
    unit: 'delivery',
    about: 'server_cpu',
    subjects: lanes,
    fresh: false,
  };
}

function storm(presence: 'full' | 'count'): Scenario {
  return {
    name: `storm-${presence}`,
    title: `2,000 join one room at once, presence ${presence.toUpperCase()}`,
    load: { kind: 'storm', presence },
    connections: 2000,
    unit: 'member',
    about: presence === 'full' ? 'roster_factor' : 'bytes_sent',
    subjects: gateway,
    fresh: true,
    rounds: 2,
  };
}

/** Memory hardly differs from one round to the next. */
function idle(name: string, connections: number, subjects: readonly string[]): Scenario {
  return {
    name,
    title: 'sessions in pairs, an offer each way, then nothing',
    load: { kind: 'idle' },
    connections,
    unit: 'session',
    about: 'memory',
    subjects,
    fresh: true,
    rounds: 1,
  };
}
