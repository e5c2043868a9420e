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
  readonly #defaults = resolveSettings();

  constructor(profiles: readonly RoomProfile[]) {
    this.#profiles = profiles.map((profile) => ({ ...profile, settings: resolveSettings(profile.settings) }));
  }

  /**
   * Settings of a new room, with what its creator asks for put over the profile's. Rooms share them, and never change them in
   * place.
   */
  settingsOf(name: string, asked?: RoomSettings): RoomSettings {
    const settings = this.#find(name)?.settings ?? this.#defaults;
    return asked === undefined ? settings : resolveSettings(settings, asked);
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
