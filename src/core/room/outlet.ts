/** What a room makes happen outside itself. Implemented by the engine that holds the room. */
export interface RoomOutlet {
  /** Puts a frame of the gateway (encoded ServerFrame without seq) into a session's inbox, whatever its bounds. */
  deliver(session: string, frame: Uint8Array): void;
  /** The session is a member from now on, as this participant. */
  entered(session: string, participant: string): void;
  /** The session is neither a member nor waiting any longer. */
  departed(session: string): void;
  /** The log, the keyed table or a total changed: readers have something to read. */
  changed(): void;
  /** The keyed table or a total changed by what somebody said: readers may be told a little later, of several at once. */
  changedInBulk(): void;
  /** A LOSSY frame for those who can be written right now. */
  lossy(frame: Uint8Array): void;
}
