import { clone, create, equals, type MessageInitShape } from '@bufbuild/protobuf';
import type { MemberSchema, Member as SavedMember } from '../../../gen/signalbox/state/v1/state_pb.ts';
import { type Participant, ParticipantSchema } from '../../../gen/signalbox/v1/participant_pb.ts';
import { RoomSettings_Presence as Presence } from '../../../gen/signalbox/v1/room_pb.ts';
import { encodeParticipant } from './room-frames.ts';

/** The session behind a participant, as a room needs it. */
export interface MemberSession {
  /** Session id: its inbox is where the member's signals go. */
  readonly id: string;
  /** Hello.device_id, or the session id: with the identity it decides who replaces whom. */
  readonly device: string;
  /** When the session was opened, in milliseconds: an older session never evicts a newer one. */
  readonly bornAt: number;
  /** Tenant of the session's token. */
  readonly tenant: string;
}

/** One participant of a room. Its encoded form is made once a change and shared by all who read it. */
export class Member {
  readonly session: MemberSession;
  /** It is in its room no longer: set by `Members`, once. */
  hasLeft = false;
  /** Whether it may send signals; beside the participant's permissions, as it is asked for with each of them. */
  maySignal: boolean;
  /** Hub chosen for this member in a HUB room: a participant id, or '' while there is none. */
  hub = '';
  /** When it last sent a RELIABLE message, in milliseconds, for slow mode. */
  lastMessageAt = Number.NEGATIVE_INFINITY;
  /** Attempt of the session that set the state: a late AWAY of an older connection changes nothing. */
  attempt: number;
  #participant: Participant;
  #encoded: Uint8Array | undefined;

  constructor(session: MemberSession, participant: Participant, attempt: number) {
    this.session = session;
    this.attempt = attempt;
    this.#participant = participant;
    this.maySignal = participant.permissions?.signal === true;
  }

  /** Goes on from the state file. */
  static restore({ session, device, bornAt, tenant, participant, attempt, ...saved }: SavedMember): Member {
    const known = participant ?? create(ParticipantSchema);
    const member = new Member({ id: session, device, bornAt, tenant }, known, attempt);
    member.hub = saved.hub;
    member.lastMessageAt = saved.lastMessageAt;
    return member;
  }

  /** For the state file. */
  save(): MessageInitShape<typeof MemberSchema> {
    const { id: session, device, bornAt, tenant } = this.session;
    const { attempt, hub, lastMessageAt } = this;
    const participant = this.#participant;
    return { participant, session, device, bornAt, tenant, attempt, hub, lastMessageAt };
  }

  get id(): string {
    return this.#participant.id;
  }

  /** Never changed in place: each change is a new message. */
  get participant(): Readonly<Participant> {
    return this.#participant;
  }

  get encoded(): Uint8Array {
    this.#encoded ??= encodeParticipant(this.#participant);
    return this.#encoded;
  }

  get hidden(): boolean {
    return this.#participant.permissions?.hidden ?? false;
  }

  get isHub(): boolean {
    return this.#participant.permissions?.hub ?? false;
  }

  get moderates(): boolean {
    return this.#participant.permissions?.moderate ?? false;
  }

  /** False: it is as it was. */
  change(edit: (participant: Participant) => void): boolean {
    const next = clone(ParticipantSchema, this.#participant);
    edit(next);
    if (equals(ParticipantSchema, next, this.#participant)) return false;
    this.#participant = next;
    this.maySignal = next.permissions?.signal === true;
    this.#encoded = undefined;
    return true;
  }

  /** Whether rosters of this presence mode show the member. */
  isShown(presence: Presence): boolean {
    if (this.hidden) return false;
    if (presence === Presence.COUNT) return false;
    if (presence !== Presence.LISTED) return true;
    return (this.#participant.permissions?.listed ?? false) || this.isHub || this.moderates;
  }
}
