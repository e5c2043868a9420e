import type { Room } from '../room.ts';
import type { SetupStage } from '../vocabulary.ts';

/** Tells the operator's funnel, once for each stage, how the set-up of one connection goes. */
export class SetUpReport {
  readonly #room: Room;
  readonly #connectionId: string;
  readonly #began = performance.now();
  readonly #told = new Set<SetupStage>();

  constructor(room: Room, connectionId: string) {
    this.#room = room;
    this.#connectionId = connectionId;
  }

  reached(stage: SetupStage, peer: string, detail = ''): void {
    if (this.#told.has(stage)) return;
    this.#told.add(stage);
    const elapsedMs = Math.round(performance.now() - this.#began);
    this.#room.report({ peer, connectionId: this.#connectionId, stage, elapsedMs, detail });
  }
}
