import type { ModerationAction, Reason, Recording } from './vocabulary.ts';

/** What a moderator wants of this client. */
export interface ModerationNotice {
  readonly action: ModerationAction;
  /** Participant id of the moderator; '': a backend. */
  readonly moderator: string;
  readonly argument: string;
  readonly note: string;
  /** With 'mute' and 'ask_unmute': which tracks. Empty: all. */
  readonly trackIds: readonly string[];
}

/** What goes with an action, for the one it is about. */
export interface ModerationNote {
  readonly reason?: Reason;
  /** At most 256 bytes. */
  readonly note?: string;
}

/** What a moderator may do. Needs the permission `moderate`; each resolves when the gateway has it, or rejects. */
export interface Moderation {
  /** `id` of a LobbyEntry. */
  admit(id: string): Promise<void>;
  deny(id: string, note?: ModerationNote): Promise<void>;
  remove(participant: string, note?: ModerationNote): Promise<void>;
  /** Removes, and keeps the identity out. */
  ban(participant: string, note?: ModerationNote): Promise<void>;
  /** Asks to mute tracks; none named: all. */
  requestMute(participant: string, trackIds?: readonly string[], note?: ModerationNote): Promise<void>;
  requestUnmute(participant: string, trackIds?: readonly string[], note?: ModerationNote): Promise<void>;
  setRole(participant: string, role: string): Promise<void>;
  lowerHand(participant: string): Promise<void>;
  /** To another room. */
  move(participant: string, room: string, note?: ModerationNote): Promise<void>;
  /** Takes the message at this offset back. */
  retract(offset: number): Promise<void>;
  setRecording(recording: Recording): Promise<void>;
  lock(): Promise<void>;
  unlock(): Promise<void>;
  /** Ends the room for all. */
  end(note?: ModerationNote): Promise<void>;
}

/** One action, before it becomes a frame. */
export interface ModerationRequest extends ModerationNote {
  readonly action: ModerationAction;
  readonly participant?: string;
  readonly argument?: string;
  readonly trackIds?: readonly string[];
}

/** The actions in terms of the one frame that carries them. */
export function moderationOver(send: (request: ModerationRequest) => Promise<void>): Moderation {
  const on =
    (action: ModerationAction) =>
    (participant: string, note?: ModerationNote): Promise<void> =>
      send({ ...note, action, participant });
  const tracks =
    (action: ModerationAction) =>
    (participant: string, trackIds: readonly string[] = [], note?: ModerationNote): Promise<void> =>
      send({ ...note, action, participant, trackIds });
  return {
    admit: on('admit'),
    deny: on('deny'),
    remove: on('remove'),
    ban: on('ban'),
    lowerHand: on('lower_hand'),
    requestMute: tracks('mute'),
    requestUnmute: tracks('ask_unmute'),
    setRole: (participant, role) => send({ action: 'set_role', participant, argument: role }),
    move: (participant, room, note) => send({ ...note, action: 'move', participant, argument: room }),
    retract: (offset) => send({ action: 'retract_message', argument: String(offset) }),
    setRecording: (recording) => send({ action: 'recording', argument: recording }),
    lock: () => send({ action: 'lock' }),
    unlock: () => send({ action: 'unlock' }),
    end: (note) => send({ ...note, action: 'end' }),
  };
}
