import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { Peer } from '../core/lane.ts';
import type { SessionAdmission, SessionAsk, Shed } from '../core/session-admission.ts';
import { AddressBudget, addressKey } from './address-budget.ts';
import { ADMITTED, type Admission, type AdmissionKind, type AdmissionVerdict } from './admission.ts';
import { Counts } from './counts.ts';
import { DEFAULT_LIMITS, type GatewayLimits } from './limits.ts';

type Limits = Pick<
  GatewayLimits,
  | 'connectionRate'
  | 'sessionRate'
  | 'refusedHelloCost'
  | 'violationCost'
  | 'lockoutMs'
  | 'callRate'
  | 'callsInFlight'
  | 'busyMs'
  | 'overloadedMs'
>;

export interface LoadAdmissionOptions {
  readonly limits?: Partial<Limits>;
  /** How late the event loop is at the moment, in milliseconds. Default: never. */
  readonly delayMs?: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  /** From 0 to 1, 1 not included. */
  readonly random?: () => number;
}

const TOO_MANY_SESSIONS = 'too many sessions are asked for from this address';

/** Those who are shed come back within this time, each at another moment. */
const SPREAD_MS = 10_000;

/** Takes what the process can carry, and of each address as much as an honest one asks for. */
export class LoadAdmission implements Admission, SessionAdmission {
  readonly #limits: Limits;
  readonly #delayMs: () => number;
  readonly #random: () => number;
  readonly connections: AddressBudget;
  readonly #sessions: AddressBudget;
  readonly #calls: AddressBudget;
  /** Calls under way, by address. */
  readonly #inFlight = new Counts();

  constructor(options: LoadAdmissionOptions = {}) {
    const { delayMs = () => 0, now = () => performance.now(), random = Math.random } = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#delayMs = delayMs;
    this.#random = random;
    this.connections = new AddressBudget(this.#limits.connectionRate, now);
    this.#sessions = new AddressBudget(this.#limits.sessionRate, now);
    this.#calls = new AddressBudget(this.#limits.callRate, now);
  }

  accept(kind: AdmissionKind, address: string): AdmissionVerdict {
    if (kind === 'frames') return ADMITTED;
    if (this.#delayMs() > this.#limits.overloadedMs) return this.#refuse('the gateway is overloaded', 1_000);
    if (kind === 'call') return this.#acceptCall(address);
    const wait = this.#sessions.waitMs(address);
    return wait === 0 ? ADMITTED : this.#refuse(TOO_MANY_SESSIONS, wait);
  }

  shed(ask: SessionAsk, { address }: Peer): Shed | undefined {
    const { busyMs, overloadedMs } = this.#limits;
    if (this.#delayMs() > (ask === 'new' ? busyMs : overloadedMs)) {
      const detail = 'the gateway is overloaded';
      return { reason: Reason.OVERLOADED, detail, retryAfterMs: this.#later(1_000) };
    }
    const wait = this.#sessions.take(address);
    if (wait === 0) return undefined;
    return { reason: Reason.RATE_LIMITED, detail: TOO_MANY_SESSIONS, retryAfterMs: this.#later(wait) };
  }

  refused({ address }: Peer): void {
    this.#sessions.charge(address, this.#limits.refusedHelloCost, this.#limits.lockoutMs);
  }

  violated({ address }: Peer): void {
    const { violationCost, lockoutMs } = this.#limits;
    this.#sessions.charge(address, violationCost, lockoutMs);
    this.connections.charge(address, violationCost, lockoutMs);
  }

  #acceptCall(address: string): AdmissionVerdict {
    const wait = this.#calls.take(address);
    if (wait > 0) return this.#refuse('too many calls from this address', wait);
    const key = addressKey(address);
    if (this.#inFlight.of(key) >= this.#limits.callsInFlight) {
      return this.#refuse('too many calls from this address are not answered yet', 100);
    }
    this.#inFlight.add(key);
    return { accepted: true, over: () => this.#inFlight.delete(key) };
  }

  #refuse(reason: string, leastMs: number): AdmissionVerdict {
    return { accepted: false, reason, retryAfterMs: this.#later(leastMs) };
  }

  /** Full jitter: anybody may come back at any moment of the spread. */
  #later(leastMs: number): number {
    return Math.ceil(leastMs + this.#random() * SPREAD_MS);
  }
}
