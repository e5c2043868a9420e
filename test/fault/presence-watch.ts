import type { SessionClient } from './session-client.ts';

/** When participants were first seen to be away, to be back and to be gone, by any of the clients that watch. */
export class PresenceWatch {
  readonly away = new Map<string, number>();
  readonly back = new Map<string, number>();
  readonly gone = new Map<string, number>();

  constructor(watchers: readonly SessionClient[]) {
    for (const { history } of watchers) {
      history.onEvent = (event) => {
        if (event.kind !== 'roster') return;
        const note = (times: Map<string, number>, ids: readonly string[]) => {
          for (const id of ids) if (!times.has(id)) times.set(id, event.at);
        };
        note(this.away, event.away);
        note(this.back, event.active);
        note(this.gone, event.left);
      };
    }
  }

  /** Forgets what was seen of everybody. */
  reset(): void {
    this.away.clear();
    this.back.clear();
    this.gone.clear();
  }
}
