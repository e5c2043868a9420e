import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ResumeSchema, Welcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { LaneClient } from './lane-client.ts';

/** The Resume of a client that has lost its connection: what it knows from the frames that it got. */
export function resumeOf(
  client: Pick<LaneClient, 'frames' | 'receivedSeq'>,
  first: Welcome,
): MessageInitShape<typeof ResumeSchema> {
  const rooms = new Map<string, { room: string; epoch: string; offset: number; version: number }>();
  for (const { body, origin } of client.frames) {
    if (body.case === 'joined') {
      const { room, epoch, offset, version } = body.value;
      rooms.set(room, { room, epoch, offset, version });
    }
    const known =
      body.case === 'rosterDelta' || body.case === 'message' ? rooms.get(body.value.room) : undefined;
    if (known === undefined) continue;
    const offset = body.case === 'rosterDelta' ? body.value.offset : (origin?.offset ?? 0);
    known.offset = Math.max(known.offset, offset);
  }
  return {
    token: first.resumeToken,
    receivedSeq: client.receivedSeq,
    epoch: first.epoch,
    attempt: first.attempt + 1,
    rooms: [...rooms.values()],
  };
}
