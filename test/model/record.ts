import type { ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { recordFrame } from '../fault/record-frame.ts';
import type { HistoryRecorder } from '../helpers/history.ts';

/** Room frames that say nothing of who is there. */
const nobody = { joined: [], left: [], away: [], active: [] };

/**
 * Writes down a frame in the checker's words: what came by the inbox is a signal to it, also a message to one participant; a
 * will is a step of the room's log that nobody sent. What is not promised or not counted (LOSSY, LATEST, COUNTED) is no event.
 *
 * Whoever joins with a wish for history, or had a Resync, may get what it has read (`hasRead`), and passes over it.
 */
export function record(
  history: HistoryRecorder,
  lane: number,
  frame: ServerFrame,
  hasRead: (epoch: string, offset: number) => boolean,
): void {
  const { body, seq: inbox, origin } = frame;
  const sender = origin?.sender ?? '';
  const senderSeq = origin?.senderSeq ?? 0;
  if (body.case === 'roomUpdated') {
    const { info, offset } = body.value;
    history.add({ kind: 'roster', lane, room: info?.name ?? '', offset, ...nobody });
  } else if (body.case === 'message') {
    const { room, delivery, content, toParticipant: to } = body.value;
    const offset = origin?.offset ?? 0;
    const text = content.case === 'text' ? content.value : '';
    const isReliable = delivery === DeliveryClass.UNSPECIFIED || delivery === DeliveryClass.RELIABLE;
    if (inbox > 0) history.add({ kind: 'signal', lane, inbox, to, sender, senderSeq, text });
    else if (isReliable && senderSeq === 0) history.add({ kind: 'roster', lane, room, offset, ...nobody });
    else if (isReliable) recordFrame(history, lane, frame);
  } else if (body.case === 'joined') {
    const { epoch } = body.value;
    const said = body.value.history.filter(
      (message) => (message.origin?.senderSeq ?? 0) > 0 && !hasRead(epoch, message.origin?.offset ?? 0),
    );
    recordFrame(history, lane, { ...frame, body: { ...body, value: { ...body.value, history: said } } });
  } else recordFrame(history, lane, frame);
}
