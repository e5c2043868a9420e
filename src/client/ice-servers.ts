import type { IceServer as WireIceServer } from './codec/messages.ts';
import type { IceServer } from './session.ts';

/** Servers of the schema in the shape that RTCPeerConnection takes. */
export function iceServersFromWire(servers: readonly WireIceServer[]): readonly IceServer[] {
  return servers.map(({ urls, username, credential }) => ({
    urls,
    ...(username !== '' && { username }),
    ...(credential !== '' && { credential }),
  }));
}
