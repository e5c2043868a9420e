import type { ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { Welcome_Outcome as Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { Engine } from '../../src/core/engine.ts';
import type { CoreLimits } from '../../src/core/limits.ts';
import { enumName } from '../helpers/enum-name.ts';
import type { Violation } from '../helpers/history.ts';
import type { ModelLane } from './model-lane.ts';

interface Watched {
  /** The lane that was welcomed last. */
  lane: ModelLane;
  attempt: number;
  /** When that lane was lost, and how long the session lives on from there at least. */
  lost: { readonly at: number; readonly leastMs: number } | undefined;
  /** A backend took it away. */
  revoked: boolean;
}

/**
 * Looks at sessions from the gateway's side, where nothing is lost on the way: one attachment a session, attempts that rise,
 * windows kept to the millisecond, resumes granted to whoever may and to nobody else.
 */
export class SessionWatch {
  readonly violations: Violation[] = [];
  /** All sessions that were ever welcomed. */
  readonly sessions = new Map<string, Watched>();
  readonly #engine: () => Engine;
  readonly #limits: CoreLimits;
  readonly #now: () => number;
  readonly #closed = new Set<ModelLane>();
  /** The gateway shuts down. */
  stopping = false;

  constructor(engine: () => Engine, limits: CoreLimits, now: () => number) {
    this.#engine = engine;
    this.#limits = limits;
    this.#now = now;
  }

  wrote(lane: ModelLane, { body }: ServerFrame): void {
    const kind = body.case ?? 'ack';
    if (this.#closed.has(lane)) this.#add('attachment', lane.session, `${kind} was written behind Closed`);
    if (body.case === 'closed') {
      this.#closed.add(lane);
      return;
    }
    if (body.case === 'welcome') {
      const { sessionId, outcome, attempt, reason } = body.value;
      if (lane.session !== '') this.#add('attachment', sessionId, 'a second Welcome on one connection');
      lane.session = sessionId;
      this.#welcomed(lane, outcome, attempt, reason);
      return;
    }
    if (lane.session === '') this.#add('attachment', '', `${kind} was written before Welcome`);
    else if (this.sessions.get(lane.session)?.lane !== lane) {
      this.#add('attachment', lane.session, `${kind} was written to a connection that was replaced`);
    }
  }

  lost(lane: ModelLane): void {
    const session = this.sessions.get(lane.session);
    if (session?.lane !== lane) return;
    const { resumeWindowMs, holdMs } = this.#limits;
    const { hold } = lane;
    const now = this.#now();
    const heldMs = hold === undefined ? resumeWindowMs : Math.min(hold.ms, holdMs);
    // Whether the gateway read of the hold is known where it took all that was sent; it ends by itself, too.
    const isHeld =
      hold !== undefined && lane.wiring !== 'halves' && lane.unread === 0 && now < hold.at + heldMs;
    const leastMs = isHeld ? heldMs : Math.min(heldMs, resumeWindowMs);
    session.lost = { at: now, leastMs };
  }

  /** A backend takes away the sessions of this identity. */
  revoke(identity: string): void {
    for (const session of this.sessions.values()) {
      if (session.lane.asked.identity === identity) session.revoked = true;
    }
  }

  /** The core ends the session, whose inbox is there still. */
  ending(id: string): void {
    const why = this.#mayNotEnd(id);
    if (why !== undefined) this.#add('window', id, `it was ended ${why}`);
  }

  /** Why the session has to live on; undefined: it may end. */
  #mayNotEnd(id: string): string | undefined {
    const session = this.sessions.get(id);
    const inbox = this.#engine().inbox(id);
    if (session === undefined || inbox === undefined || session.revoked || this.stopping) return undefined;
    const { inboxFrames, inboxBytes } = this.#limits;
    if (inbox.hi - inbox.lo > 2 * inboxFrames || inbox.bytes > 4 * inboxBytes) return undefined;
    const { lost } = session;
    if (lost === undefined) return 'though it is attached';
    const sinceMs = this.#now() - lost.at;
    return sinceMs < lost.leastMs ? `${sinceMs} ms after its connection` : undefined;
  }

  #welcomed(lane: ModelLane, outcome: Outcome, attempt: number, reason: Reason): void {
    const before = this.sessions.get(lane.session);
    const { session: asked, honest } = lane.asked;
    if (outcome === Outcome.RESUMED) {
      if (!honest) this.#add('secret', lane.session, 'it was resumed by somebody who may not');
      if (asked !== lane.session) this.#add('secret', lane.session, `${asked} was asked for`);
    } else if (honest && this.#mayNotEnd(asked) !== undefined) {
      this.#add('window', asked, `it lives, and was not resumed: ${enumName(Reason, reason)}`);
    }
    if (before !== undefined && attempt < before.attempt) {
      this.#add('attachment', lane.session, `attempt ${attempt} was welcomed after ${before.attempt}`);
    }
    if (lane.isOpen) this.sessions.set(lane.session, { lane, attempt, lost: undefined, revoked: false });
  }

  #add(rule: Violation['rule'], session: string, detail: string): void {
    this.violations.push({ rule, client: 'gateway', detail: `session ${session}: ${detail}` });
  }
}
