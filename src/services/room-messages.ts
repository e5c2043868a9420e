import { create, toBinary } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { type DataMessage, DataMessageSchema, DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import type { CoreLimits } from '../core/limits.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { RoomKey } from '../core/room-key.ts';
import { boundedProblem, identityProblem, messageTypeProblem, roleProblem } from '../core/text.ts';
import { encodeRelayed, OriginTemplate } from '../core/wire/origin.ts';
import { check, malformed, noRoom, refusalError } from './refusal-error.ts';
import { RequestLedger } from './request-ledger.ts';
import { callerOf } from './room-caller.ts';
import type { RoomServiceOptions } from './room-service.ts';

type Calls = Pick<ServiceImpl<typeof RoomService>, 'publishMessage'>;

/** Where a message stands. */
interface Standing {
  readonly offset: number;
  readonly receivers: number;
}

const deliveryClasses: readonly number[] = Object.values(DeliveryClass);
const largestCount = 1_000_000n;
/** What the schema promises, in milliseconds. */
const rememberedMs = 60_000;
/** About 20 MB, and 1,000 messages a second with a request_id. */
const rememberedRequests = 65_536;

/** Nobody: a message from a backend has no sender. */
const server = new OriginTemplate('');

/** The rpc that speaks as the server. */
export function roomMessages({
  engine,
  clock,
  limits,
  crypto,
}: Pick<RoomServiceOptions, 'engine' | 'clock' | 'limits' | 'crypto'>) {
  const ledger = new RequestLedger<Standing>({
    clock,
    keepMs: rememberedMs,
    capacity: rememberedRequests,
  });
  // Inboxes tell repeated frames by sender and seq: this service is a sender of its own, with seqs of its own.
  const sender = `server.${crypto.random(12)}`;
  let senderSeq = 0;

  const toRoom = async (key: RoomKey, message: DataMessage, record: Uint8Array): Promise<Standing> => {
    const published = await engine.publish(key, {
      record,
      delivery: message.delivery,
      messageType: message.messageType,
      key: message.key,
      hasContent: (message.content.value?.length ?? 0) > 0,
      count: Number(message.count),
      sender: { session: '', participant: '', seq: 0, origin: server },
    });
    if (isRefusal(published)) throw refusalError(published);
    return { offset: published.offset, receivers: 0 };
  };

  const toSome = async (key: RoomKey, message: DataMessage, record: Uint8Array): Promise<Standing> => {
    const { room, toParticipant: participant, toIdentity: identity, toRole: role } = message;
    const members = await engine.audience(key, { participant, identity, role });
    if (members.length === 0) {
      if ((await engine.room(key)) === undefined) throw noRoom(room);
      throw refusalError(
        refuse(Reason.UNKNOWN_RECIPIENT, 'nobody in the room is meant by this message', { room }),
      );
    }
    const body = encodeRelayed(record, server, { senderSeq: 0, acceptedAtMs: clock.now() });
    senderSeq += 1;
    const frame = { sender, senderSeq, body, wantReceipt: false };
    const outcomes = await Promise.all(members.map(({ session }) => engine.append(session.id, frame)));
    const receivers = outcomes.filter((outcome) => outcome === 'appended' || outcome === 'duplicate').length;
    if (receivers > 0) return { offset: 0, receivers };
    throw refusalError(
      outcomes.includes('overflow')
        ? refuse(Reason.INBOX_OVERFLOW, "the receivers' inboxes are full: they read too slowly or are away", {
            room,
          })
        : refuse(Reason.RECIPIENT_LEFT, "the receivers' sessions have ended", { room }),
    );
  };

  return {
    async publishMessage({ message, requestId }, context) {
      if (message === undefined) throw malformed('message', 'is missing');
      const { key } = callerOf(context, message.room, 'message.room');
      check('request_id', boundedProblem('a request id', requestId, 0, 128), message.room);
      const said = create(DataMessageSchema, {
        ...message,
        delivery: message.delivery === DeliveryClass.UNSPECIFIED ? DeliveryClass.RELIABLE : message.delivery,
      });
      checkMessage(said);
      const record = encodeRecord(said, limits);
      const run = () => (isDirected(said) ? toSome(key, said, record) : toRoom(key, said, record));
      // Neither names nor ids hold control characters.
      return requestId === '' ? run() : ledger.once(`${key}\u0000${requestId}`, run);
    },
  } satisfies Calls;
}

function isDirected({ toParticipant, toIdentity, toRole }: DataMessage): boolean {
  return toParticipant !== '' || toIdentity !== '' || toRole !== '';
}

/** Throws INVALID_ARGUMENT where a client's frame of the same content would be refused. */
function checkMessage(message: DataMessage): void {
  const { room, delivery, messageType, key, toParticipant, toIdentity, toRole, count } = message;
  const bad = (field: string, problem: string | undefined) => check(`message.${field}`, problem, room);
  if (!deliveryClasses.includes(delivery)) bad('delivery', `${delivery} is not a delivery class`);
  bad('message_type', messageTypeProblem(messageType));
  bad('key', boundedProblem('a key', key, 0, 64));
  bad('to_participant', boundedProblem('a participant id', toParticipant, 0, 128));
  if (toIdentity !== '') bad('to_identity', identityProblem(toIdentity));
  bad('to_role', roleProblem(toRole));
  const keyed = delivery === DeliveryClass.LATEST || delivery === DeliveryClass.COUNTED;
  if (keyed && isDirected(message)) bad('delivery', 'LATEST and COUNTED go to the whole room');
  if (delivery === DeliveryClass.COUNTED && (count > largestCount || count < -largestCount)) {
    bad('count', `${-largestCount} to ${largestCount}`);
  }
}

/** The message as it stands in a frame. Fields of a newer schema are left out: nobody here has checked them. */
function encodeRecord(message: DataMessage, { messageBytes }: Pick<CoreLimits, 'messageBytes'>): Uint8Array {
  const bytes = toBinary(DataMessageSchema, message, { writeUnknownFields: false }).length;
  if (bytes > messageBytes) {
    const detail = `message: ${bytes} bytes; at most ${messageBytes}`;
    throw refusalError(refuse(Reason.TOO_LARGE, detail, { fieldPath: 'message', room: message.room }));
  }
  const frame = create(ServerFrameSchema, { body: { case: 'message', value: message } });
  return toBinary(ServerFrameSchema, frame, { writeUnknownFields: false });
}
