import { durationMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { RemoveParticipantRequest, RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import type { Engine } from '../core/engine.ts';
import { banIdentity, identityOf, idsOf } from '../core/room/ban-identity.ts';
import type { RoomBan } from '../core/room/bans.ts';
import type { RoomKey } from '../core/room-key.ts';
import { identityProblem } from '../core/text.ts';
import { cutPage, type Listing, pageSizeOf, pageTokenOf, positionOf } from './page.ts';
import { check, malformed, noParticipant, noRoom } from './refusal-error.ts';
import { callerOf, checkNote, checkParticipant } from './room-caller.ts';
import type { RoomServiceOptions } from './room-service.ts';

type Calls = Pick<ServiceImpl<typeof RoomService>, 'removeParticipant' | 'listBans' | 'liftBan'>;

/** A ban that is to last longer than this is one for the life of the room, in milliseconds. */
const longestBanMs = 3650 * 86_400_000;

/** The rpcs that put somebody out of a room, and keep it out. */
export function roomRemoval({ engine, clock }: Pick<RoomServiceOptions, 'engine' | 'clock'>) {
  return {
    async removeParticipant(request, context) {
      const { room, participant, note } = request;
      const { key } = callerOf(context, room, 'room');
      checkRemoval(request);
      const identity = participant === '' ? request.identity : await identityOf(engine, key, participant);
      if (request.ban) {
        if (identity === undefined) throw await nobodyToBan(engine, key, room);
        const banned = await banIdentity(engine, key, {
          identity,
          until: clock.now() + banMs(request),
          note,
        });
        if (banned === undefined) throw noRoom(room);
        return { removed: banned };
      }
      const ids =
        participant !== '' ? [participant] : identity === undefined ? [] : await idsOf(engine, key, identity);
      const removal = { reason: Reason.REMOVED, detail: note };
      let removed = 0;
      for (const id of ids) if (await engine.remove(key, id, removal)) removed += 1;
      return { removed };
    },

    async listBans({ room, pageSize, pageToken }, context) {
      const { key } = callerOf(context, room, 'room');
      const listing: Listing = { kind: 'bans', scope: room, positionLength: 1 };
      const [after] = positionOf(listing, pageToken) ?? [];
      const size = pageSizeOf(pageSize);
      if ((await engine.room(key)) === undefined) throw noRoom(room);
      const bans = await engine.bans(key);
      const rest = after === undefined ? bans : bans.filter(({ identity }) => identity > after);
      const { page, more } = cutPage(rest.slice(0, size + 1), size, () => largestBan);
      const last = page.at(-1);
      return {
        bans: page.map(banMessage),
        nextPageToken: more && last !== undefined ? pageTokenOf(listing, [last.identity]) : '',
      };
    },

    async liftBan({ room, identity }, context) {
      const { key } = callerOf(context, room, 'room');
      check('identity', identityProblem(identity), room);
      return { lifted: await engine.liftBan(key, identity) };
    },
  } satisfies Calls;
}

/** Bytes of a Ban at most: identity, note, time. A page of 1,000 is far below what a message may have. */
const largestBan = 512;

function checkRemoval(request: RemoveParticipantRequest): void {
  const { room, participant, identity, ban, banDuration, note } = request;
  checkNote(note, room);
  if ((participant === '') === (identity === '')) {
    throw malformed('participant', 'give participant or identity, one of them', room);
  }
  if (participant !== '') checkParticipant(participant, room);
  else check('identity', identityProblem(identity), room);
  if (banDuration === undefined) return;
  if (!ban) throw malformed('ban_duration', 'only with ban', room);
  const milliseconds = durationMs(banDuration);
  if (milliseconds > 0 && milliseconds <= longestBanMs) return;
  throw malformed('ban_duration', 'more than 0 and at most 3,650 days; absent: as long as the room', room);
}

function banMs({ banDuration }: RemoveParticipantRequest): number {
  return banDuration === undefined ? Number.POSITIVE_INFINITY : durationMs(banDuration);
}

/** There is nobody to remove, which is fine, but the ban must not be lost in silence. */
async function nobodyToBan(engine: Engine, key: RoomKey, room: string) {
  if ((await engine.room(key)) === undefined) return noRoom(room);
  return noParticipant(room, 'no participant of the room has this id: ban the identity instead');
}

function banMessage({ identity, until, note }: RoomBan) {
  return { identity, note, ...(Number.isFinite(until) ? { expiresAt: timestampFromMs(until) } : {}) };
}
