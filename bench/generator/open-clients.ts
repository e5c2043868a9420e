import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Claims, createToken, type Key } from '../../src/server.ts';
import { ClassicClient } from './classic-client.ts';
import type { Client } from './client.ts';
import { GrpcPipe } from './grpc-pipe.ts';
import { HalvesPipe } from './halves-pipe.ts';
import type { Target } from './job.ts';
import { PeerServerClient } from './peer-server-client.ts';
import type { Pipe } from './pipe.ts';
import { addressOf, type Route } from './route.ts';
import { SignalboxClient } from './signalbox-client.ts';
import { Overloaded, SignalboxSession } from './signalbox-session.ts';
import { SocketIoClient } from './socket-io-client.ts';
import { WebSocketPipe } from './web-socket-pipe.ts';

/** Connections that are opened at once: what a listener's backlog takes with ease. */
const together = 50;
const mostAttempts = 10;
const againMs = 200;

/** Opens so many of something, in order. */
export async function openMany<Item>(
  count: number,
  open: (index: number) => Promise<Item>,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  while (items.length < count) {
    const size = Math.min(together, count - items.length);
    const batch = Array.from({ length: size }, (_, index) => open(items.length + index));
    items.push(...(await Promise.all(batch)));
  }
  return items;
}

/** A client of the target, ready to enter rooms. */
export async function openClient(target: Target, index: number): Promise<Client> {
  const name = nameOf(index);
  const route = routeTo(target, index);
  switch (target.protocol) {
    case 'classic':
      return ClassicClient.open(route, name);
    case 'socket.io':
      return SocketIoClient.open(route, name);
    case 'peer-server':
      return PeerServerClient.open(route, name);
    default:
      return new SignalboxClient(name, await openSession(target, index));
  }
}

/** A session of the gateway, or of a relay of its frames. Where the gateway is too busy for new ones it is asked again, as clients do. */
export async function openSession(target: Target, index: number): Promise<SignalboxSession> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await trySession(target, index);
    } catch (error) {
      if (!(error instanceof Overloaded) || attempt === mostAttempts) throw error;
      await delay(attempt * againMs);
    }
  }
}

async function trySession(target: Target, index: number): Promise<SignalboxSession> {
  const name = nameOf(index);
  const pipe = await openSignalboxPipe(target.protocol, routeTo(target, index));
  const plain = target.protocol === 'plain-grpc';
  const session = new SignalboxSession(name, pipe, !plain);
  const token = plain ? '' : await tokenFor(target, { identity: name });
  const failed = Promise.withResolvers<never>();
  session.onFault = failed.reject;
  await Promise.race([failed.promise, session.hello(token)]);
  return session;
}

/** A connection to the gateway that nothing was said on. */
export function openSignalboxPipe(protocol: Target['protocol'], route: Route): Promise<Pipe> {
  switch (protocol) {
    case 'plain-grpc':
    case 'signalbox-grpc':
      return GrpcPipe.open(route);
    case 'signalbox-halves':
      return HalvesPipe.open(route);
    case 'signalbox-websocket':
      return WebSocketPipe.open(route, '/ws', 'signalbox.v1.proto');
    default:
      throw new Error(`the gateway does not speak ${protocol}`);
  }
}

export function routeTo({ port, secure }: Target, index: number): Route {
  return { port, secure, from: addressOf(index) };
}

/** A token of the target's key, that may make rooms. */
export function tokenFor({ keyFile }: Target, claims: Claims): Promise<string> {
  const { keys }: { keys: [Key] } = JSON.parse(readFileSync(keyFile, 'utf8'));
  return createToken(keys[0], { create: true, ...claims });
}

/** Of equal length for all clients. */
export function nameOf(index: number): string {
  return `client-${String(index).padStart(5, '0')}`;
}
