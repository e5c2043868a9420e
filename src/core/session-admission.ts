import type { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import type { Peer } from './lane.ts';
import { type Ending, endingOf } from './refusal.ts';

/** What a Hello asks for. */
export type SessionAsk = 'new' | 'resumed';

/** Why a session is not opened or taken up now. */
export interface Shed {
  readonly reason: typeof Reason.OVERLOADED | typeof Reason.RATE_LIMITED;
  /** English, for developers. */
  readonly detail: string;
  /** Milliseconds, another number for each client, so that they do not come back all at once. */
  readonly retryAfterMs: number;
}

/** Decides at each Hello, before its token is verified, whether this node opens or takes up a session now. */
export interface SessionAdmission {
  /** Why not; undefined: it does. */
  shed(ask: SessionAsk, peer: Peer): Shed | undefined;
  /** The token, or the resume token, of a Hello was none. */
  refused(peer: Peer): void;
  /** A client sent what cannot be read. */
  violated(peer: Peer): void;
}

export const admitAll: SessionAdmission = { shed: () => undefined, refused: () => {}, violated: () => {} };

/** How the connection ends. A session that was to be resumed lives on until its window ends. */
export function shedEnding({ reason, detail, retryAfterMs }: Shed, ask: SessionAsk): Ending {
  const nextStep = ask === 'resumed' ? NextStep.RESUME : NextStep.RECONNECT;
  return { ...endingOf(reason, detail, retryAfterMs), nextStep };
}
