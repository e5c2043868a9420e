import { create, fromBinary } from '@bufbuild/protobuf';
import { type StateRecord, StateRecordSchema } from '../../gen/signalbox/state/v1/state_pb.ts';
import { RoomSettingsSchema } from '../../gen/signalbox/v1/room_pb.ts';
import type { Crypto } from '../../src/core/crypto.ts';
import type { Engine } from '../../src/core/engine.ts';
import type { TokenVerifier } from '../../src/core/grants.ts';
import type { CoreLimits } from '../../src/core/limits.ts';
import type { SignalingNode } from '../../src/core/signaling-node.ts';
import type { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import type { Holders } from '../../src/state-records.ts';
import type { VirtualClock } from '../helpers/virtual-clock.ts';
import type { Core } from './core.ts';
import { type Before, watchEngine } from './watched-engine.ts';

/** What one gateway is made of, and the next one as well. */
export interface ProcessParts {
  readonly core: Core;
  readonly clock: VirtualClock;
  readonly crypto: Crypto;
  readonly limits: CoreLimits;
  readonly verifier: TokenVerifier;
  /** Told before operations are carried out. */
  readonly before: Before;
  /** Put around the engine. */
  wrap(engine: Engine): Engine;
  /** An error was logged. */
  failed(what: string): void;
}

/** A gateway of the model. */
export interface ModelProcess {
  readonly node: SignalingNode;
  /** As the node has it. */
  readonly engine: Engine;
  readonly store: MemoryEngine;
}

export function makeProcess(parts: ProcessParts): ModelProcess {
  const { core, clock, crypto, limits, verifier } = parts;
  const store = new core.MemoryEngine({ clock, crypto, limits });
  const engine = parts.wrap(watchEngine(store, parts.before));
  const open = core.resolveSettings(create(RoomSettingsSchema));
  const guarded = core.resolveSettings(create(RoomSettingsSchema, { lobby: true }));
  const node = new core.SignalingNode({
    ...{ engine, clock, crypto, limits, verifier },
    profiles: new core.RoomProfiles([
      { pattern: 'l', joinCreates: true, settings: guarded },
      { pattern: '*', joinCreates: true, settings: open },
    ]),
    iceServers: { for: () => ({ servers: [], expiresAt: Number.POSITIVE_INFINITY }) },
    log: {
      info() {},
      warn() {},
      error: (fields, message) => {
        const { err } = fields as { err?: unknown };
        parts.failed(`${message}: ${err instanceof Error ? err.stack : String(err)}`);
      },
    },
    version: '0.0.0-model',
    region: '',
  });
  return { node, engine, store };
}

/** An orderly restart: the process before hands over all that it has, as bytes, and ends; the next one goes on with it. */
export async function restartProcess(old: ModelProcess, parts: ProcessParts): Promise<ModelProcess> {
  const { core, clock } = parts;
  const head = { frozenAt: clock.now(), version: '0.0.0-model' };
  const saved: StateRecord[] = [];
  for (const bytes of core.frozenRecords(holdersOf(old), head))
    saved.push(fromBinary(StateRecordSchema, bytes));
  await old.node.stop();
  const next = makeProcess(parts);
  await next.node.start();
  core.restoreRecords(holdersOf(next), saved);
  return next;
}

/** Which tokens were revoked the model's issuer knows by itself. */
function holdersOf({ node, store }: ModelProcess): Holders {
  const revocations = { save: () => [], restore() {} };
  return { node, engine: store, revocations: revocations as unknown as Holders['revocations'] };
}
