import type { FuzzTarget } from './target.ts';

/** Loads a target by name: each is a file, and needs only its own part of the gateway. */
const loaders: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  http2: async () => (await import('./http2.ts')).http2Target,
  envelopes: async () => (await import('./envelopes.ts')).envelopesTarget,
  frames: async () => (await import('./frames.ts')).framesTarget,
  json: async () => (await import('./json.ts')).jsonTarget,
  headers: async () => (await import('./headers.ts')).headersTarget,
  sdp: async () => (await import('./sdp.ts')).sdpTarget,
  tokens: async () => (await import('./tokens.ts')).tokensTarget,
  websocket: async () => (await import('./websocket.ts')).webSocketTarget,
};

export const targetNames: readonly string[] = Object.keys(loaders);

/** Throws a RangeError for a name that is none. */
export async function loadTarget(name: string): Promise<FuzzTarget> {
  const load = loaders[name];
  if (load === undefined) throw new RangeError(`no target ${name}; there are ${targetNames.join(', ')}`);
  return load();
}
