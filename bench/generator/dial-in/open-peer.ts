import type { Target } from '../job.ts';
import { nameOf, openSignalboxPipe, routeTo, tokenFor } from '../open-clients.ts';
import { WebSocketPipe } from '../web-socket-pipe.ts';
import { ClassicPeer } from './classic-peer.ts';
import type { DialPeer } from './dial-peer.ts';
import { SignalboxPeer } from './signalbox-peer.ts';

/** Opens the connection of one end. Rosters show the hub alone. */
export async function openPeer(target: Target, index: number, role: 'hub' | 'guest'): Promise<DialPeer> {
  const route = routeTo(target, index);
  const name = nameOf(index);
  if (target.protocol === 'classic') return new ClassicPeer(name, await WebSocketPipe.open(route, '/'));
  const permissions = role === 'hub' ? { hub: true } : { listed: false };
  const token = await tokenFor(target, { identity: name, permissions });
  return new SignalboxPeer(name, await openSignalboxPipe(target.protocol, route), token);
}
