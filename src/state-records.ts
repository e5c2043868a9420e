import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type Head,
  type SessionRecord,
  type StateRecord,
  StateRecordSchema,
} from '../gen/signalbox/state/v1/state_pb.ts';
import type { RevocationList } from './auth/revocation-list.ts';
import type { SignalingNode } from './core/signaling-node.ts';
import type { MemoryEngine } from './engine/memory/memory-engine.ts';
import { savedInboxes, savedRooms } from './engine/memory/state-export.ts';

/** What is handed over from one process to the next. */
export interface Holders {
  readonly node: SignalingNode;
  readonly engine: MemoryEngine;
  readonly revocations: RevocationList;
}

/**
 * Freezes the holders at this moment: all that they hold is taken now, and cannot change any more. It is encoded one by one, as
 * it is asked for.
 */
export function frozenRecords(
  { node, engine, revocations }: Holders,
  { frozenAt, version }: Pick<Head, 'frozenAt' | 'version'>,
): Generator<Uint8Array> {
  const sessions = node.handOver();
  const state = engine.handOver();
  return (function* () {
    yield encode({ case: 'head', value: { frozenAt, version } });
    for (const value of revocations.save()) yield encode({ case: 'revocation', value });
    for (const value of savedInboxes(state)) yield encode({ case: 'inbox', value });
    for (const value of savedRooms(state, frozenAt)) yield encode({ case: 'room', value });
    for (const value of sessions) yield encode({ case: 'session', value });
  })();
}

/**
 * Gives the records to holders that are empty; with `onlyRevocations` just those. Returns the number of sessions. Throws where
 * records do not belong together.
 */
export function restoreRecords(
  { node, engine, revocations }: Holders,
  records: readonly StateRecord[],
  onlyRevocations = false,
): number {
  const sessions: SessionRecord[] = [];
  for (const { record } of records) {
    if (record.case === 'revocation') revocations.restore(record.value);
    if (onlyRevocations) continue;
    if (record.case === 'inbox') engine.restoreSession(record.value);
    if (record.case === 'room') engine.restoreRoom(record.value);
    if (record.case === 'session') sessions.push(record.value);
  }
  if (sessions.length > 0) node.takeUp(sessions);
  return sessions.length;
}

type RecordInit = Exclude<MessageInitShape<typeof StateRecordSchema>['record'], undefined>;

function encode(record: RecordInit): Uint8Array {
  return toBinary(StateRecordSchema, create(StateRecordSchema, { record }));
}
