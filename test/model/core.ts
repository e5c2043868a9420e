import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { defaultLimits } from '../../src/core/limits.ts';
import type { RoomProfiles } from '../../src/core/room/room-profiles.ts';
import type { resolveSettings } from '../../src/core/room/settings.ts';
import type { SignalingNode } from '../../src/core/signaling-node.ts';
import type { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import type { frozenRecords, restoreRecords } from '../../src/state-records.ts';

/** The code under test. The model imports nothing else of `src` but types, so that it can be pointed at a mutant. */
export interface Core {
  readonly SignalingNode: typeof SignalingNode;
  readonly MemoryEngine: typeof MemoryEngine;
  readonly RoomProfiles: typeof RoomProfiles;
  readonly resolveSettings: typeof resolveSettings;
  readonly defaultLimits: typeof defaultLimits;
  readonly frozenRecords: typeof frozenRecords;
  readonly restoreRecords: typeof restoreRecords;
}

export const repository = resolve(import.meta.dirname, '../..');

/** Loads the core of the source tree in `root`, which holds `src` and `gen`. */
export async function loadCore(root = repository): Promise<Core> {
  const load = (path: string) => import(/* @vite-ignore */ pathToFileURL(resolve(root, path)).href);
  const [node, engine, profiles, settings, limits, state] = await Promise.all([
    load('src/core/signaling-node.ts'),
    load('src/engine/memory/memory-engine.ts'),
    load('src/core/room/room-profiles.ts'),
    load('src/core/room/settings.ts'),
    load('src/core/limits.ts'),
    load('src/state-records.ts'),
  ]);
  return { ...node, ...engine, ...profiles, ...settings, ...limits, ...state } as Core;
}
