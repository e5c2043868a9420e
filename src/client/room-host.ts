import type { Environment } from './environment.ts';
import type { Logger } from './options.ts';
import type { Draft, FrameBody } from './outbox.ts';
import type { Session } from './session.ts';
import type { Receipt } from './signal.ts';

/** What a room needs of its session. */
export interface RoomHost {
  readonly environment: Environment;
  readonly logger: Logger;
  /** The same session, as the application sees it. */
  readonly session: Session;
  /** Sends a frame that needs delivery. */
  submit(draft: Draft): void;
  /** Sends a frame that may be dropped: not connected, or the connection is congested. */
  post(body: FrameBody): void;
  /** The Receipt for this frame, once the gateway sends it; rejects when the session is lost. */
  receipt(seq: number): Promise<Receipt>;
  /** The frame was refused: no Receipt comes. */
  noReceipt(seq: number, receipt: Promise<Receipt>): void;
  /** This room is over. */
  gone(name: string): void;
}
