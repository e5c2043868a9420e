import type { RoomSettings } from '../../../gen/signalbox/v1/room_pb.ts';
import { resolveSettings } from './settings.ts';

/** What rooms of a name are like. */
export interface RoomProfile {
  /** Room name, or `prefix*`. */
  readonly pattern: string;
  /** Whether a join creates a room that does not exist. */
  readonly joinCreates: boolean;
  readonly settings: RoomSettings;
}

/** The profile of a room is the first whose pattern fits. */
export class RoomProfiles {
  readonly #profiles: readonly RoomProfile[];

  constructor(profiles: readonly RoomProfile[]) {
    this.#profiles = profiles;
  }

  /** Settings of a new room, with what its creator asks for put over the profile's. */
  settingsOf(name: string, asked?: RoomSettings): RoomSettings {
    return resolveSettings(this.#find(name)?.settings, asked);
  }

  joinCreates(name: string): boolean {
    return this.#find(name)?.joinCreates ?? false;
  }

  #find(name: string): RoomProfile | undefined {
    return this.#profiles.find(({ pattern }) =>
      pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
    );
  }
}
