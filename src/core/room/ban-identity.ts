import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Engine } from '../engine.ts';
import type { RoomKey } from '../room-key.ts';
import type { RoomBan } from './bans.ts';

/** The identity of a participant, or of somebody in the lobby. */
export async function identityOf(engine: Engine, key: RoomKey, id: string): Promise<string | undefined> {
  const present = await engine.participant(key, id);
  if (present !== undefined) return present.identity;
  return (await engine.lobby(key)).find(({ participant }) => participant?.id === id)?.participant?.identity;
}

/** Ids under which an identity is in the room, or waits. */
export async function idsOf(engine: Engine, key: RoomKey, identity: string): Promise<string[]> {
  const members = await engine.audience(key, { participant: '', identity, role: '' });
  const waiting = (await engine.lobby(key)).flatMap(({ participant }) => participant ?? []);
  return [
    ...members.map(({ id }) => id),
    ...waiting.filter((one) => one.identity === identity).map(({ id }) => id),
  ];
}

/**
 * Keeps an identity out: the ban first, as whoever is removed may be back at once; then all its participants go, and what
 * waits of it. Returns how many went; undefined when there is no such room.
 */
export async function banIdentity(engine: Engine, key: RoomKey, ban: RoomBan): Promise<number | undefined> {
  if (!(await engine.ban(key, ban))) return undefined;
  let removed = 0;
  for (const id of await idsOf(engine, key, ban.identity)) {
    if (await engine.remove(key, id, { reason: Reason.BANNED, detail: ban.note })) removed += 1;
  }
  return removed;
}
