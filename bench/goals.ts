import type { MetricName } from './metrics.ts';

/** What a subject is meant to reach. */
export interface Goal {
  readonly scenario: string;
  readonly subject: string;
  readonly metric: MetricName;
  /** The subject whose value of the same round is the measure; absent: the bound is in the metric's own unit. */
  readonly against?: string;
  /** The median is not above it. */
  readonly bound: number;
}

const open = ['trickle-10k-50', 'trickle-10k-500', 'trickle-20k-50', 'trickle-20k-500'];
const gateway = ['signalbox-grpc', 'signalbox-ws'];

/** Two round trips, and what a busy machine takes for the rest: less than half of another one. */
const twoRoundTrips = 2.49;

export const goals: readonly Goal[] = [
  cpu('call-setup', 'signalbox-grpc', 0.6),
  cpu('call-setup', 'signalbox-grpc', 0.4, 'socket-io'),
  cpu('call-setup', 'signalbox-grpc', 0.5, 'peer-server'),
  cpu('call-setup', 'signalbox-grpc', 0.35, 'grpc-js-relay'),
  cpu('trickle-4', 'signalbox-grpc', 0.5),
  cpu('trickle-4', 'signalbox-ws', 0.65),
  cpu('trickle-4', 'signalbox-halves', 1.5),
  ...open.flatMap((scenario) => [cpu(scenario, 'signalbox-grpc', 1.1), cpu(scenario, 'signalbox-ws', 0.75)]),
  cpu('trickle-lone', 'signalbox-grpc', 1.3),
  cpu('trickle-lone', 'signalbox-ws', 0.85),
  { scenario: 'send-frames', subject: 'signalbox-halves', metric: 'server_cpu', bound: 100 },
  ...gateway.flatMap((subject): Goal[] => [
    { scenario: 'dial-in', subject, metric: 'round_trips', bound: twoRoundTrips },
    cpu('dial-in', subject, 0.6),
    { scenario: 'storm-full', subject, metric: 'roster_factor', bound: 10 },
    { scenario: 'storm-full', subject, metric: 'spread_time', bound: 5 },
    { scenario: 'latency', subject, metric: 'latency_p99', against: 'classic', bound: 1 },
  ]),
  cpu('fan-out-1000-1', 'signalbox-ws', 0.85),
  cpu('fan-out-1000-1', 'signalbox-grpc', 1.7),
  cpu('fan-out-1000-20', 'signalbox-ws', 0.12),
  cpu('fan-out-1000-20', 'signalbox-grpc', 0.22),
  { scenario: 'idle', subject: 'signalbox-grpc', metric: 'memory', bound: 32 },
  { scenario: 'idle', subject: 'signalbox-ws', metric: 'memory', bound: 12 },
  { scenario: 'start', subject: 'signalbox-grpc', metric: 'start_time', bound: 600 },
];

function cpu(scenario: string, subject: string, bound: number, against = 'classic'): Goal {
  return { scenario, subject, metric: 'server_cpu', against, bound };
}
