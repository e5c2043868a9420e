import { ClientFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { shapeOf } from './record-shape.ts';

/** Where the checker notes what the relay needs of a ClientFrame. */
export const Slot = {
  seq: 0,
  ack: 1,
  body: 2,
  to: 3,
  room: 4,
  connectionId: 5,
  negotiationId: 6,
  payload: 7,
  wantReceipt: 8,
  sdpType: 9,
  candidates: 10,
  sealedKind: 11,
  messageRoom: 12,
  delivery: 13,
  messageType: 14,
  key: 15,
  content: 16,
  toParticipant: 17,
  toIdentity: 18,
  toRole: 19,
  count: 20,
  willMessage: 21,
} as const;

export const SLOTS = Object.keys(Slot).length;

/** The shape of ClientFrame. A name that the schema does not know fails at the start. */
export const clientFrameShape = shapeOf(ClientFrameSchema, {
  'signalbox.v1.ClientFrame.seq': Slot.seq,
  'signalbox.v1.ClientFrame.ack': Slot.ack,
  'signalbox.v1.ClientFrame.body': Slot.body,
  'signalbox.v1.Signal.to': Slot.to,
  'signalbox.v1.Signal.room': Slot.room,
  'signalbox.v1.Signal.connection_id': Slot.connectionId,
  'signalbox.v1.Signal.negotiation_id': Slot.negotiationId,
  'signalbox.v1.Signal.payload': Slot.payload,
  'signalbox.v1.Signal.want_receipt': Slot.wantReceipt,
  'signalbox.v1.SessionDescription.sdp_type': Slot.sdpType,
  'signalbox.v1.IceCandidates.candidates': Slot.candidates,
  'signalbox.v1.Sealed.kind': Slot.sealedKind,
  'signalbox.v1.DataMessage.room': Slot.messageRoom,
  'signalbox.v1.DataMessage.delivery': Slot.delivery,
  'signalbox.v1.DataMessage.message_type': Slot.messageType,
  'signalbox.v1.DataMessage.key': Slot.key,
  'signalbox.v1.DataMessage.content': Slot.content,
  'signalbox.v1.DataMessage.to_participant': Slot.toParticipant,
  'signalbox.v1.DataMessage.to_identity': Slot.toIdentity,
  'signalbox.v1.DataMessage.to_role': Slot.toRole,
  'signalbox.v1.DataMessage.count': Slot.count,
  'signalbox.v1.SetWill.message': Slot.willMessage,
});
