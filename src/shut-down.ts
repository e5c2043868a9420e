import type { KeyStore } from './auth/key-store.ts';
import type { Clock } from './core/clock.ts';
import type { SignalingNode } from './core/signaling-node.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { HandOver } from './hand-over.ts';
import type { HealthState } from './services/health.ts';
import type { Holders } from './state-records.ts';

/** What is shut down. */
export interface ShutDownParts {
  readonly clock: Clock;
  readonly health: HealthState;
  readonly node: SignalingNode;
  readonly gateway: Gateway;
  readonly keys: KeyStore;
  /** Sessions are left to the next process; absent: they end. */
  readonly state: { readonly handOver: HandOver; readonly holders: Holders } | undefined;
}

export interface ShutDownOptions {
  /** Everything is over by then, in milliseconds. */
  readonly deadlineMs: number;
  /** Addresses that clients may go to. */
  readonly alternates: readonly string[];
  /** A balancer may send clients here until it has looked at the gateway's health. */
  readonly balanced: boolean;
}

/** At the end: for the state to be written and the last connections to end. At most so long, and so large a share. */
const lastPhase = { mostMs: 1000, share: 0.25 } as const;
/** How often balancers look at a gateway's health, about. */
const balancerMs = 2000;
/**
 * From GoAway to the freeze where nobody else is there to go to: a round trip. Frames are taken until then, so it adds nothing
 * to the time in which nobody serves.
 */
const noticeMs = 200;
/** Between the end that is planned and the deadline: a busy machine is late. */
const marginMs = 250;
/** From the last word to the end of sockets that are not closed yet, where the next process waits for the port. */
const handOverCloseMs = 250;

/**
 * Drains: no longer ready at once; clients are told to go; after most of the deadline those who are still there are ended, able
 * to resume, and with a state file handed over. Ends within the deadline whatever clients do. Throws where the state could not
 * be written.
 */
export async function shutDown(parts: ShutDownParts, options: ShutDownOptions): Promise<void> {
  const { clock, health, node, gateway, keys, state } = parts;
  const { deadlineMs, alternates, balanced } = options;
  const endsAt = clock.now() + deadlineMs;
  const drainMs = deadlineMs - Math.min(lastPhase.mostMs, deadlineMs * lastPhase.share);
  const alone = state !== undefined && alternates.length === 0;
  health.setAll(false);
  await node.drain({
    deadlineMs: alone ? Math.min(noticeMs, drainMs) : drainMs,
    graceMs: balanced && !alone ? Math.min(balancerMs, drainMs) : 0,
    endpoints: alternates,
    alone,
  });
  const isLeft = await state?.handOver.leave(state.holders);
  await node.stop();
  const left = Math.max(0, endsAt - clock.now() - marginMs);
  await gateway.close(state === undefined ? left : Math.min(handOverCloseMs, left));
  keys.close();
  if (isLeft === false) throw new Error('the state could not be written');
}

/** Ends everything now. */
export async function endNow({ health, node, gateway, keys }: ShutDownParts): Promise<void> {
  health.setAll(false);
  await node.stop();
  await gateway.close();
  keys.close();
}
