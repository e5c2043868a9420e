import { onTestFinished } from 'vitest';
import type { MeshChannel, MeshOptions, Room } from '../../../src/client/index.ts';
import { PeerMesh } from '../../../src/client/index.ts';
import type { StackName } from './stacks.ts';
import { stacks } from './stacks.ts';

/** A mesh that is closed when the test is finished, with every error that it tells. */
export function meshOf(room: Room, stack: StackName, options: MeshOptions = {}) {
  const logger = { warn() {}, error: (...data: readonly unknown[]) => errors.push(data[1]) };
  const mesh = new PeerMesh(room, { RTCPeerConnection: stacks[stack], logger, ...options });
  const errors: unknown[] = [];
  mesh.on('error', ({ error }) => errors.push(error));
  onTestFinished(() => mesh.close());
  return { mesh, errors };
}

/** Waits until something holds; says what it waited for when it does not. */
export async function until(what: string, holds: () => boolean, ms = 15_000): Promise<void> {
  const end = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not in ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Texts that arrive on a channel. */
export function texts(channel: MeshChannel): string[] {
  const received: string[] = [];
  channel.on('message', ({ data }) =>
    received.push(typeof data === 'string' ? data : new TextDecoder().decode(data)),
  );
  return received;
}

export function states(mesh: PeerMesh): string[] {
  return [...mesh.peers.values()].map(({ state }) => state);
}
