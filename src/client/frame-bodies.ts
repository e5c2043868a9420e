import { durationFrom } from './codec/time.ts';
import type { SendOptions } from './message.ts';
import type { ModerationRequest } from './moderation.ts';
import type { JoinOptions } from './options.ts';
import type { FrameBody } from './outbox.ts';
import type { Track } from './participant.ts';
import type { ParticipantChange, SetupReport } from './room.ts';
import type { Delivery } from './vocabulary.ts';
import { deliveries, moderationActions, reasons, setupStages, trackSources } from './vocabulary.ts';

/** What a join says of oneself beside the options that the application gave. */
export interface JoinFacts {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tracks: readonly Track[];
  /** Own earlier participant id, or ''. */
  readonly replaces: string;
  readonly history: number;
}

export function joinBody(room: string, facts: JoinFacts, options: JoinOptions): FrameBody {
  const { name, attributes, replaces, history } = facts;
  const tracks = facts.tracks.map(trackToWire);
  return {
    case: 'join',
    value: {
      room,
      name,
      attributes: { ...attributes },
      tracks,
      replaces,
      history,
      knock: options.knock ?? '',
    },
  };
}

/** `graceMs`: delay before peers are told. */
export function leaveBody(room: string, graceMs: number): FrameBody {
  return { case: 'leave', value: { room, ...(graceMs > 0 && { grace: durationFrom(graceMs) }) } };
}

/** What a DataMessage is made of. */
export interface MessageFacts {
  readonly room: string;
  readonly type: string;
  readonly content: string | Uint8Array | undefined;
  readonly delivery: Delivery;
  readonly key?: string;
  readonly to?: SendOptions['to'];
  /** 'counted': what is added. */
  readonly count?: number;
}

export function messageValue(facts: MessageFacts) {
  const { room, type, content, delivery, key = '', to, count = 0 } = facts;
  return {
    room,
    delivery: deliveries.value(delivery),
    messageType: type,
    key,
    count: BigInt(count),
    ...(typeof content === 'string' && { content: { case: 'text' as const, value: content } }),
    ...(content instanceof Uint8Array && {
      content: { case: 'payload' as const, value: content },
    }),
    ...(to !== undefined && 'participant' in to && { toParticipant: to.participant }),
    ...(to !== undefined && 'identity' in to && { toIdentity: to.identity }),
    ...(to !== undefined && 'role' in to && { toRole: to.role }),
  };
}

export function updateBody(room: string, change: ParticipantChange): FrameBody {
  const attributes = Object.entries(change.attributes ?? {});
  return {
    case: 'updateParticipant',
    value: {
      room,
      setAttributes: Object.fromEntries(
        attributes.filter((entry): entry is [string, string] => entry[1] !== null),
      ),
      clearAttributes: attributes.filter(([, value]) => value === null).map(([key]) => key),
      tracks: (change.tracks ?? []).map(trackToWire),
      dropTracks: [...(change.dropTracks ?? [])],
      ...(change.handRaised !== undefined && { handRaised: change.handRaised }),
      ...(change.name !== undefined && { name: change.name }),
    },
  };
}

export function moderateBody(room: string, request: ModerationRequest): FrameBody {
  return {
    case: 'moderate',
    value: {
      room,
      participant: request.participant ?? '',
      action: moderationActions.value(request.action),
      argument: request.argument ?? '',
      reason: reasons.value(request.reason ?? 'unspecified'),
      note: request.note ?? '',
      trackIds: [...(request.trackIds ?? [])],
    },
  };
}

export function reportBody(report: SetupReport): FrameBody {
  const { stage, ...rest } = report;
  return { case: 'report', value: { ...rest, stage: setupStages.value(stage) } };
}

function trackToWire(track: Track) {
  const { id, source, muted, name, streamId, encrypted } = track;
  return { id, source: trackSources.value(source), muted, name, streamId, encrypted };
}
