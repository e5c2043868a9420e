import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Engine } from '../engine.ts';
import { when } from '../eventually.ts';
import type { Grants } from '../grants.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type RoomKey, roomNameOf } from '../room-key.ts';
import { roomProblem } from '../text.ts';
import type { TokenIssuer } from '../token-issuer.ts';

/** Life of the token for the other room: long enough to join there, in milliseconds. */
const tokenLifetimeMs = 3_600_000;

/**
 * Tells a participant to join another room, with a token for it that permits what it may do here. `mover` is the token of
 * whoever moves it: its key signs the new one. Where the gateway has no such key, the token stays empty.
 */
export async function moveParticipant(
  { engine, issuer }: { readonly engine: Engine; readonly issuer: TokenIssuer | undefined },
  mover: Grants,
  key: RoomKey,
  participant: string,
  toRoom: string,
): Promise<Refusal | undefined> {
  const room = roomNameOf(key);
  const problem = roomProblem(toRoom);
  if (problem !== undefined)
    return refuse(Reason.MALFORMED, `to_room: ${problem}`, { fieldPath: 'to_room', room });
  const member = engine.view(key)?.members.get(participant);
  if (member === undefined) {
    return refuse(Reason.UNKNOWN_RECIPIENT, 'no participant of the room has this id', {
      fieldPath: 'participant',
      room,
    });
  }
  const { identity, name, role, permissions, attributes, kind } = member.participant;
  const wanted = {
    identity,
    name,
    role,
    permissions,
    attributes,
    kind,
    room: toRoom,
    mayCreate: mover.mayCreate,
  };
  const issued = await issuer?.issue(mover, wanted, tokenLifetimeMs);
  if (issued !== undefined && 'refused' in issued && issued.refused === 'invalid') {
    return refuse(Reason.MALFORMED, `no token can be made for the participant: ${issued.detail}`, { room });
  }
  const token = issued !== undefined && 'token' in issued ? issued.token : '';
  const removal = { reason: Reason.MOVED, detail: `moved to ${toRoom}`, movedTo: toRoom, token };
  return when(engine.remove(key, participant, removal), () => undefined);
}
