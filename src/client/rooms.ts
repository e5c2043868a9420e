import type { ServerFrame } from './codec/messages.ts';
import type { LiveRoom } from './live-room.ts';

/** The rooms of a session, by name, and which of them a frame is about. */
export class Rooms extends Map<string, LiveRoom> {
  /** The room that the frame is about; undefined where it is about none, or one that was left. */
  of({ body }: ServerFrame): LiveRoom | undefined {
    switch (body.case) {
      case 'signal': {
        const signal = body.value;
        return [...this.values()].find((room) => room.addressed(signal));
      }
      case 'roomUpdated':
        return this.get(body.value.info?.name ?? '');
      case 'message':
      case 'joined':
      case 'joinPending':
      case 'left':
      case 'rosterDelta':
      case 'moderationNotice':
      case 'lobbyDelta':
        return this.get(body.value.room);
      default:
        return undefined;
    }
  }
}
