import type { Participant } from '../crew.ts';

/** One end of a dial-in: the hub, or one who dials in to it. Its connection is open, nothing has been said on it. */
export interface DialPeer extends Participant {
  /** Becomes the hub of the room: it answers every offer with an answer of the same count. */
  serve(room: string): Promise<void>;
  /** Comes, and offers to the hub. Done when the hub's answer to this very offer is here. */
  dial(room: string, count: number): Promise<void>;
  /** Leaves the room, where there are rooms. */
  leave(): Promise<void>;
}
