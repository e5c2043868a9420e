import type { HandlerContext } from '@connectrpc/connect';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { coversRoom, type Grants } from '../core/grants.ts';
import { refuse } from '../core/refusal.ts';
import { type RoomKey, roomKey } from '../core/room-key.ts';
import { boundedProblem, roomProblem } from '../core/text.ts';
import { adminOf } from './authenticate.ts';
import { check, refusalError } from './refusal-error.ts';

/** A backend that calls, and the room of its tenant that it means. */
export interface RoomCaller {
  readonly grants: Grants;
  readonly key: RoomKey;
}

type Context = Pick<HandlerContext, 'values' | 'service'>;

/**
 * The caller and its room. Throws INVALID_ARGUMENT for a name that no room can have, PERMISSION_DENIED where the
 * caller's token is for other rooms.
 *
 * @param path field of the request that names the room
 */
export function callerOf(context: Context, room: string, path: string): RoomCaller {
  const grants = adminOf(context);
  // A name that is none is not repeated: errors travel in headers, which have no room for it.
  check(path, roomProblem(room));
  requireRoom(grants, room, path);
  return { grants, key: roomKey(grants.tenant, room) };
}

/** Throws PERMISSION_DENIED where `grants` do not cover `room`. */
export function requireRoom(grants: Grants, room: string, path: string): void {
  if (coversRoom(grants, room)) return;
  const detail = `${path}: your token is for the room ${grants.room} only`;
  throw refusalError(refuse(Reason.DENIED, detail, { fieldPath: path, room }));
}

/** Throws INVALID_ARGUMENT for what cannot be the id of a participant. */
export function checkParticipant(id: string, room: string): void {
  check('participant', boundedProblem('a participant id', id, 1, 128), room);
}

/** Throws INVALID_ARGUMENT for a note that is longer than 256 bytes. */
export function checkNote(note: string, room: string): void {
  check('note', boundedProblem('a note', note, 0, 256), room);
}
