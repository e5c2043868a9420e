import { Histogram } from './histogram.ts';
import { ReasonCounts } from './reason-counts.ts';

/** All that is counted in a run. */
export class Tally {
  /** From the first byte to the room's roster. */
  readonly joins = new Histogram();
  /** From when a signal was due until it arrived. */
  readonly latency = new Histogram();
  /** The generator's own share of that: from when a signal was due until it left this process … */
  readonly lateness = new Histogram();
  /** … and from when it was there to be read until it was. */
  readonly backlog = new Histogram();
  readonly notOpened = new ReasonCounts();
  readonly ended = new ReasonCounts();
  readonly interrupted = new ReasonCounts();
  readonly refused = new ReasonCounts();
  opened = 0;
  /** Sessions that are connected now. */
  connected = 0;
  resumed = 0;
  /** Sessions that the gateway could not keep, and that began anew. */
  replaced = 0;
  sent = 0;
  accepted = 0;
  /** Sent, and then the session was lost: they may have arrived. */
  unknown = 0;
  received = 0;
  twice = 0;
  late = 0;
  altered = 0;
  /** Of those that were due in the time that is measured. */
  readonly measured = { sent: 0, received: 0 };

  /** Sent, and not answered yet. */
  get pending(): number {
    return this.sent - this.accepted - this.refused.total - this.unknown;
  }
}
