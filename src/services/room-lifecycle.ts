import { create, isFieldSet, toBinary } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import {
  type Room,
  RoomSchema,
  type RoomSettings,
  RoomSettingsSchema,
} from '../../gen/signalbox/v1/room_pb.ts';
import type {
  ListRoomsRequest,
  RoomService,
  UpdateRoomRequest,
} from '../../gen/signalbox/v1/room_service_pb.ts';
import type { Grants } from '../core/grants.ts';
import { isRefusal } from '../core/refusal.ts';
import type { RoomPatch } from '../core/room/room-patch.ts';
import { checkSettings } from '../core/room/settings.ts';
import { roomKey } from '../core/room-key.ts';
import { boundedProblem } from '../core/text.ts';
import { adminOf } from './authenticate.ts';
import { cutPage, type Listing, pageSizeOf, pageTokenOf, positionOf } from './page.ts';
import { malformed, noRoom, refusalError } from './refusal-error.ts';
import { callerOf } from './room-caller.ts';
import type { RoomServiceOptions } from './room-service.ts';

type Calls = Pick<
  ServiceImpl<typeof RoomService>,
  'createRoom' | 'getRoom' | 'listRooms' | 'updateRoom' | 'deleteRoom'
>;

/** The rpcs about rooms themselves. */
export function roomLifecycle({ engine, profiles }: Pick<RoomServiceOptions, 'engine' | 'profiles'>) {
  return {
    async createRoom({ name, settings }, context) {
      const { key } = callerOf(context, name, 'name');
      checkGiven(settings, name);
      const { room, created } = await engine.createRoom(key, profiles.settingsOf(name, settings));
      return { room: room.info(), created };
    },

    async getRoom({ name }, context) {
      const { key } = callerOf(context, name, 'name');
      const room = await engine.room(key);
      if (room === undefined) throw noRoom(name);
      return { room };
    },

    async listRooms(request, context) {
      const grants = adminOf(context);
      const listing = listingOf(request);
      const [after = ''] = positionOf(listing, request.pageToken) ?? [];
      const size = pageSizeOf(request.pageSize);
      const rooms = await roomsOf(engine, grants, request.namePrefix, after, size + 1);
      const { page, more } = cutPage(rooms, size, (room) => toBinary(RoomSchema, room).length);
      const last = page.at(-1);
      return {
        rooms: page,
        nextPageToken: more && last !== undefined ? pageTokenOf(listing, [last.name]) : '',
      };
    },

    async updateRoom(request, context) {
      const { key } = callerOf(context, request.name, 'name');
      checkGiven(request.settings, request.name);
      const room = await engine.updateRoom(key, patchOf(request));
      if (room === undefined) throw noRoom(request.name);
      if (isRefusal(room)) throw refusalError(room);
      return { room: room.info() };
    },

    async deleteRoom({ name }, context) {
      const { key } = callerOf(context, name, 'name');
      const detail = 'the room was deleted by a backend';
      return { deleted: await engine.deleteRoom(key, Reason.ROOM_CLOSED, detail) };
    },
  } satisfies Calls;
}

function checkGiven(settings: RoomSettings | undefined, room: string): void {
  const problem = settings === undefined ? undefined : checkSettings(settings);
  if (problem !== undefined) throw malformed(`settings.${problem.field}`, problem.problem, room);
}

function patchOf({ settings, updateMask, locked, expectedVersion }: UpdateRoomRequest): RoomPatch {
  const named = updateMask?.paths ?? [];
  const paths = named.includes('*') ? RoomSettingsSchema.fields.map((field) => field.name) : named;
  const given = settings ?? create(RoomSettingsSchema);
  const changes = paths.length > 0 || RoomSettingsSchema.fields.some((field) => isFieldSet(given, field));
  return {
    expectedVersion,
    ...(locked === undefined ? {} : { locked }),
    ...(changes ? { settings: given } : {}),
    // An empty mask is an absent one.
    ...(paths.length > 0 ? { paths } : {}),
  };
}

function listingOf({ namePrefix }: ListRoomsRequest): Listing {
  const problem = boundedProblem('a prefix', namePrefix, 0, 128);
  if (problem !== undefined) throw malformed('name_prefix', problem);
  return { kind: 'rooms', scope: namePrefix, positionLength: 1 };
}

/** Rooms that the caller's token covers. */
async function roomsOf(
  engine: RoomServiceOptions['engine'],
  { tenant, room: pattern }: Grants,
  prefix: string,
  after: string,
  limit: number,
): Promise<readonly Room[]> {
  if (pattern !== '' && !pattern.endsWith('*')) {
    const room =
      pattern.startsWith(prefix) && pattern > after ? await engine.room(roomKey(tenant, pattern)) : undefined;
    return room === undefined ? [] : [room];
  }
  const covered = pattern.slice(0, -1);
  if (!covered.startsWith(prefix) && !prefix.startsWith(covered)) return [];
  const longer = covered.length > prefix.length ? covered : prefix;
  return (await engine.listRooms(tenant, longer, after, limit)).map((room) => room.info());
}
