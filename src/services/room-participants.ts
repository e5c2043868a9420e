import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import {
  type Participant,
  ParticipantSchema,
  type Permissions,
  PermissionsSchema,
  TrackSource,
} from '../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { RoomService, UpdateParticipantRequest } from '../../gen/signalbox/v1/room_service_pb.ts';
import type { CoreLimits } from '../core/limits.ts';
import { refuse } from '../core/refusal.ts';
import { moveParticipant } from '../core/room/move-participant.ts';
import { type ParticipantPatch, patchedAttributes } from '../core/room/participant-patch.ts';
import type { RosterPosition } from '../core/room/roster-page.ts';
import {
  attributesProblem,
  displayNameProblem,
  messageTypeProblem,
  roleProblem,
  roomProblem,
} from '../core/text.ts';
import { cutPage, type Listing, pageSizeOf, pageTokenOf, positionOf } from './page.ts';
import { check, malformed, noParticipant, noRoom, refusalError } from './refusal-error.ts';
import { callerOf, checkNote, checkParticipant, requireRoom } from './room-caller.ts';
import type { RoomServiceOptions } from './room-service.ts';

type Calls = Pick<
  ServiceImpl<typeof RoomService>,
  'listParticipants' | 'getParticipant' | 'updateParticipant' | 'admitParticipant' | 'moveParticipant'
>;

/** Values of `Permissions.send_types`, as in tokens. */
const mostSendTypes = 64;

/** The rpcs about those who are in a room, or wait before it. */
export function roomParticipants({
  engine,
  limits,
  issuer,
}: Pick<RoomServiceOptions, 'engine' | 'limits' | 'issuer'>) {
  const requireParticipant = async (key: Parameters<typeof engine.room>[0], room: string, id: string) => {
    const participant = await engine.participant(key, id);
    if (participant !== undefined) return participant as Participant;
    throw (await engine.room(key)) === undefined ? noRoom(room) : noParticipant(room);
  };

  return {
    async listParticipants({ room, pageSize, pageToken, includeLobby }, context) {
      const { key } = callerOf(context, room, 'room');
      const listing: Listing = { kind: 'participants', scope: room, positionLength: 2 };
      const after = rosterPosition(positionOf(listing, pageToken));
      const size = pageSizeOf(pageSize);
      const found = await engine.participants(key, after, size + 1);
      if (found === undefined) throw noRoom(room);
      const participants = found as readonly Participant[];
      const { page, more } = cutPage(participants, size, (one) => toBinary(ParticipantSchema, one).length);
      const last = page.at(-1);
      return {
        participants: page,
        nextPageToken: more && last ? pageTokenOf(listing, [String(last.ordinal), last.id]) : '',
        lobby: includeLobby && after === undefined ? [...(await engine.lobby(key))] : [],
      };
    },

    async getParticipant({ room, participant: id }, context) {
      const { key } = callerOf(context, room, 'room');
      checkParticipant(id, room);
      return { participant: await requireParticipant(key, room, id) };
    },

    async updateParticipant(request, context) {
      const { room, participant: id } = request;
      const { key } = callerOf(context, room, 'room');
      checkParticipant(id, room);
      const patch = patchOf(request);
      checkUpdate(patch, await requireParticipant(key, room, id), limits, room);
      const participant = await engine.change(key, id, patch);
      if (participant === undefined) throw noParticipant(room);
      return { participant: participant as Participant };
    },

    async admitParticipant({ room, participant: id, deny, note }, context) {
      const { key } = callerOf(context, room, 'room');
      checkParticipant(id, room);
      checkNote(note, room);
      const found = await (deny ? engine.deny(key, id, note) : engine.admit(key, id));
      if (found && deny) return {};
      const present = await engine.participant(key, id);
      // Let in now, or before: the call may have come twice.
      if (present !== undefined && !deny) return {};
      if (found) {
        const detail = 'not let in: it has left, or its identity is in the room as another session';
        throw refusalError(refuse(Reason.RECIPIENT_LEFT, detail, { fieldPath: 'participant', room }));
      }
      if ((await engine.room(key)) === undefined) throw noRoom(room);
      const detail = present === undefined ? 'nobody of this id waits in the lobby' : 'was let in before';
      throw noParticipant(room, detail);
    },

    async moveParticipant({ room, participant: id, toRoom }, context) {
      const { key, grants } = callerOf(context, room, 'room');
      checkParticipant(id, room);
      check('to_room', roomProblem(toRoom), room);
      if (toRoom === room) throw malformed('to_room', 'the participant is in this room', room);
      requireRoom(grants, toRoom, 'to_room');
      await requireParticipant(key, room, id);
      const refusal = await moveParticipant({ engine, issuer }, grants, key, id, toRoom);
      if (refusal !== undefined) throw refusalError(refusal);
      return {};
    },
  } satisfies Calls;
}

function rosterPosition(position: readonly string[] | undefined): RosterPosition | undefined {
  if (position === undefined) return undefined;
  const [ordinal = '', id = ''] = position;
  if (!/^\d{1,10}$/.test(ordinal)) throw malformed('page_token', 'is not a next_page_token of this method');
  return { ordinal: Number(ordinal), id };
}

function patchOf(request: UpdateParticipantRequest): ParticipantPatch {
  const { name, role, permissions, setAttributes, clearAttributes } = request;
  return {
    setAttributes,
    clearAttributes,
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role }),
    ...(permissions === undefined ? {} : { permissions: known(permissions) }),
  };
}

/** Without fields of a newer schema: what rosters show is the gateway's word. */
function known(permissions: Permissions): Permissions {
  const bytes = toBinary(PermissionsSchema, permissions, { writeUnknownFields: false });
  return fromBinary(PermissionsSchema, bytes);
}

function checkUpdate(
  patch: ParticipantPatch,
  participant: Participant,
  limits: Pick<CoreLimits, 'attributeKeys' | 'attributesBytes'>,
  room: string,
): void {
  check('name', displayNameProblem(patch.name ?? ''), room);
  check('role', roleProblem(patch.role ?? ''), room);
  const attributes = patchedAttributes(participant.attributes, patch);
  check('set_attributes', attributesProblem(patch.setAttributes ?? {}, limits), room);
  check('set_attributes', attributesProblem(attributes, limits), room);
  if (patch.permissions !== undefined) checkPermissions(patch.permissions, room);
}

function checkPermissions({ publish, deliveries, sendTypes }: Permissions, room: string): void {
  const choice = (field: string, values: readonly number[], of: Readonly<Record<string, number>>) => {
    const strange = values.find((value) => value === 0 || !Object.values(of).includes(value));
    const problem = strange === undefined ? undefined : `${strange} is not known to this gateway`;
    check(`permissions.${field}`, problem, room);
    check(
      `permissions.${field}`,
      new Set(values).size === values.length ? undefined : 'names a value twice',
      room,
    );
  };
  choice('publish', publish, TrackSource);
  choice('deliveries', deliveries, DeliveryClass);
  if (sendTypes.length > mostSendTypes) {
    throw malformed('permissions.send_types', `has at most ${mostSendTypes} entries`, room);
  }
  for (const type of sendTypes) check('permissions.send_types', messageTypeProblem(type), room);
}
