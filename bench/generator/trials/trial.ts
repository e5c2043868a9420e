import { residentKib } from '../../harness/accounting.ts';
import type { Measurement } from '../../metrics.ts';
import type { Reading } from '../crew.ts';
import type { Job, Target } from '../job.ts';
import type { Meter } from '../meter.ts';

/** A round of a trial: the part of the job that changes. */
export type Round = Pick<Job, 'seed' | 'rampMs' | 'windowMs' | 'settleMs' | 'patienceMs'>;

/** A scenario on one subject. */
export interface Trial {
  /** Opens the connections and brings them where all rounds begin. */
  prepare(): Promise<void>;
  /** Carries out one round. Rejects when a message was lost, doubled, altered, or not acknowledged. */
  measure(round: Round): Promise<Measurement>;
  close(): Promise<void>;
}

/** What every trial tells of what happened between two readings. */
export function measurementOf(
  { pid }: Pick<Target, 'pid'>,
  before: Reading,
  after: Reading,
  meter: Meter,
): Measurement {
  const { units, relayed } = meter;
  const cpu = after.cpuMicros - before.cpuMicros;
  const fromServer = after.fromServer - before.fromServer;
  const writes = (after.writes ?? 0) - (before.writes ?? 0);
  return {
    server_cpu: cpu / units,
    ...(relayed > 0 && { server_cpu_relayed: cpu / relayed }),
    rate: units / ((after.at - before.at) / 1000),
    to_server: (after.toServer - before.toServer) / units,
    from_server: fromServer / units,
    ...(writes > 0 && { joined: fromServer / writes }),
    ...(meter.hasLatencies && { latency_p50: meter.quantile(0.5), latency_p99: meter.quantile(0.99) }),
    resident: residentKib(pid) / 1024,
  };
}
