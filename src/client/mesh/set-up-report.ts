import type { Room } from '../room.ts';
import type { SignalPayload } from '../signal.ts';
import type { SetupStage } from '../vocabulary.ts';

/** Tells the operator's funnel, once for each stage, how the set-up of one connection goes. */
export class SetUpReport {
  readonly #room: Room;
  readonly #connectionId: string;
  readonly #peer: () => string;
  readonly #began = performance.now();
  readonly #told = new Set<SetupStage>();

  /** `peer`: participant id of the peer at the time. */
  constructor(room: Room, connectionId: string, peer: () => string) {
    this.#room = room;
    this.#connectionId = connectionId;
    this.#peer = peer;
  }

  reached(stage: SetupStage, detail = ''): void {
    if (this.#told.has(stage)) return;
    this.#told.add(stage);
    const elapsedMs = Math.round(performance.now() - this.#began);
    this.#room.report({ peer: this.#peer(), connectionId: this.#connectionId, stage, elapsedMs, detail });
  }

  /** A signal of the connection was sent or received. */
  signalled(payload: SignalPayload): void {
    if (payload.kind === 'candidates') this.reached('candidate');
    else if (payload.kind === 'description' && (payload.type === 'offer' || payload.type === 'answer')) {
      this.reached(payload.type);
    }
  }
}
