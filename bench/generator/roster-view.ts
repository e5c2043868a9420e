import { eachField, readVarint } from './fields.ts';
import type { SignalboxSession } from './signalbox-session.ts';

/** ServerFrame.joined and .roster_delta, behind their first byte. */
const joinedTag = [0x8a, 0x01] as const;
const rosterDeltaTag = 0x3a;
const joined = { self: 4, others: 6, count: 8 } as const;
const delta = { joined: 3, left: 5, count: 6 } as const;
const participantId = 1;

/**
 * What a session has been shown of the room that it is in. Participants are added up by a fingerprint of their ids, so that one
 * who is missing, doubled or another one shows; decoding them all would take the generator longer than the server.
 */
export class RosterView {
  /** Participants that were shown, the session itself among them. */
  shown = 0;
  /** Sum of their fingerprints, modulo 2^32. */
  sum = 0;
  /** Fingerprint of the session's own participant. */
  own = 0;
  /** The number of participants that was told last. */
  count = 0;

  constructor(session: SignalboxSession) {
    session.onBody = (bytes, start, end) => {
      if (bytes[start] === rosterDeltaTag) this.#readDelta(bytes, start, end, session);
      else if (bytes[start] === joinedTag[0] && bytes[start + 1] === joinedTag[1]) {
        this.#readJoined(bytes, start, end);
        return false;
      } else return false;
      return true;
    };
  }

  /** A Joined begins the roster anew. */
  #readJoined(bytes: Buffer, start: number, end: number): void {
    this.shown = 0;
    this.sum = 0;
    eachField(bytes, start, end, (_, bodyFrom, bodyTo) =>
      eachField(bytes, bodyFrom, bodyTo, (number, from, to) => {
        if (number === joined.self) this.own = this.#add(bytes, from, to);
        else if (number === joined.others) this.#add(bytes, from, to);
        else if (number === joined.count) this.count = readVarint(bytes, from);
      }),
    );
  }

  #readDelta(bytes: Buffer, start: number, end: number, session: SignalboxSession): void {
    eachField(bytes, start, end, (_, bodyFrom, bodyTo) =>
      eachField(bytes, bodyFrom, bodyTo, (number, from, to) => {
        if (number === delta.joined) this.#add(bytes, from, to);
        else if (number === delta.count) this.count = readVarint(bytes, from);
        else if (number === delta.left) session.fail('somebody left');
      }),
    );
  }

  #add(bytes: Buffer, start: number, end: number): number {
    let print = 0;
    eachField(bytes, start, end, (number, from, to) => {
      if (number === participantId) print = fingerprint(bytes, from, to);
    });
    this.shown += 1;
    this.sum = (this.sum + print) >>> 0;
    return print;
  }
}

/** FNV-1a, 32 bits. */
function fingerprint(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash >>> 0;
}
