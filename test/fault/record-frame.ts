import type { RelayedMessage, ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import { Participant_State as State } from '../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep, Welcome_Outcome as Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { HistoryRecorder, SeenMessage, WelcomeOutcome } from '../helpers/history.ts';

const outcomes: Partial<Readonly<Record<number, WelcomeOutcome>>> = {
  [Outcome.RESUMED]: 'resumed',
  [Outcome.FRESH]: 'fresh',
};
const reasons = namesOf(Reason);
const nextSteps = namesOf(NextStep);

/** Writes down what a frame of the gateway says. */
export function recordFrame(history: HistoryRecorder, lane: number, frame: ServerFrame): void {
  const { body, seq: inbox, origin } = frame;
  const sender = origin?.sender ?? '';
  const senderSeq = origin?.senderSeq ?? 0;
  switch (body.case) {
    case 'welcome': {
      const { sessionId: session, attempt } = body.value;
      const outcome = outcomes[body.value.outcome] ?? 'new';
      const reason = reasons(body.value.reason);
      history.add({ kind: 'welcome', lane, session, outcome, attempt, reason });
      return;
    }
    case 'signal': {
      const { to, payload } = body.value;
      const text = payload.case === 'control' ? payload.value.detail : '';
      history.add({ kind: 'signal', lane, inbox, to, sender, senderSeq, text });
      return;
    }
    case 'message': {
      const { room, content } = body.value;
      const text = content.case === 'text' ? withoutPadding(content.value) : '';
      const offset = origin?.offset ?? 0;
      history.add({ kind: 'message', lane, room, offset, sender, senderSeq, text });
      return;
    }
    case 'joined': {
      const { room, epoch, offset, participant, participants, missedMessages } = body.value;
      history.add({
        kind: 'joined',
        ...{ lane, room, epoch, offset, self: participant?.id ?? '', missed: missedMessages },
        participants: participants.map(({ id }) => id),
        away: participants.filter(({ state }) => state === State.AWAY).map(({ id }) => id),
        history: body.value.history.map(seenMessage),
      });
      return;
    }
    case 'rosterDelta': {
      const { room, offset, joined, updated, left } = body.value;
      const inState = (state: State) => updated.filter((one) => one.state === state).map(({ id }) => id);
      history.add({
        kind: 'roster',
        ...{ lane, room, offset, away: inState(State.AWAY), active: inState(State.ACTIVE) },
        joined: joined.map(({ id }) => id),
        left: left.map(({ id }) => id),
      });
      return;
    }
    case 'error': {
      const { seq, reason } = body.value;
      history.add({ kind: 'error', lane, inbox, seq, reason: reasons(reason) });
      return;
    }
    case 'receipt': {
      const { seq, delivered, reason } = body.value;
      history.add({ kind: 'receipt', lane, inbox, seq, delivered, reason: reasons(reason) });
      return;
    }
    case 'left': {
      const { room, reason } = body.value;
      history.add({ kind: 'left', lane, inbox, room, reason: reasons(reason) });
      return;
    }
    case 'resync': {
      const { room, reason, nextSeq } = body.value;
      history.add({ kind: 'resync', lane, room, reason: reasons(reason), next: nextSeq });
      return;
    }
    case 'closed': {
      const { reason, nextStep } = body.value;
      history.add({ kind: 'closed', lane, reason: reasons(reason), next: nextSteps(nextStep) });
      return;
    }
    default:
      if (inbox > 0) history.add({ kind: 'other', lane, inbox, what: body.case ?? '' });
  }
}

function seenMessage({ message, origin }: RelayedMessage): SeenMessage {
  const content = message?.content;
  return {
    offset: origin?.offset ?? 0,
    sender: origin?.sender ?? '',
    senderSeq: origin?.senderSeq ?? 0,
    text: content?.case === 'text' ? withoutPadding(content.value) : '',
  };
}

/** The first line: what stands behind it only makes the message large. */
function withoutPadding(text: string): string {
  const end = text.indexOf('\n');
  // A copy: a part of a string keeps the whole of it in memory.
  return end === -1 ? text : Buffer.from(text.slice(0, end)).toString();
}

function namesOf(values: Readonly<Record<string, number>>): (value: number) => string {
  const names = new Map(Object.entries(values).map(([name, value]) => [value, name]));
  return (value) => names.get(value) ?? String(value);
}
