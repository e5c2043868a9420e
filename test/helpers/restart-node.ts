import { fromBinary } from '@bufbuild/protobuf';
import { type StateRecord, StateRecordSchema } from '../../gen/signalbox/state/v1/state_pb.ts';
import { RevocationList } from '../../src/auth/revocation-list.ts';
import { frozenRecords, restoreRecords } from '../../src/state-records.ts';
import { startTestNode, type TestNode, type TestNodeOptions } from './test-node.ts';

/** Freezes the node, and returns what it holds. The node is of no use after it but to be stopped. */
export function freeze(kit: TestNode): StateRecord[] {
  const { node, engine, clock } = kit;
  const revocations = new RevocationList({ now: () => clock.now() });
  const records = frozenRecords({ node, engine, revocations }, { frozenAt: clock.now(), version: 'test' });
  return [...records].map((bytes) => fromBinary(StateRecordSchema, bytes));
}

/** A node that goes on from these records. */
export async function startFrom(
  records: readonly StateRecord[],
  options: TestNodeOptions,
): Promise<TestNode> {
  const kit = await startTestNode(options);
  const revocations = new RevocationList({ now: () => kit.clock.now() });
  restoreRecords({ node: kit.node, engine: kit.engine, revocations }, records);
  return kit;
}

/** An orderly restart that takes `downMs`: the next node. */
export async function restartNode(
  kit: TestNode,
  { downMs = 0, ...options }: TestNodeOptions & { readonly downMs?: number } = {},
): Promise<TestNode> {
  const records = freeze(kit);
  await kit.stop();
  return startFrom(records, { ...options, now: kit.clock.now() + downMs });
}
