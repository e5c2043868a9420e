import { readFileSync } from 'node:fs';
import { createToken, type Key } from '../../src/server.ts';
import { ClassicClient } from './classic-client.ts';
import type { Client } from './client.ts';
import { GrpcPipe } from './grpc-pipe.ts';
import { HalvesPipe } from './halves-pipe.ts';
import type { Target } from './job.ts';
import { PeerServerClient } from './peer-server-client.ts';
import { SignalboxClient } from './signalbox-client.ts';
import { SocketIoClient } from './socket-io-client.ts';
import { WebSocketPipe } from './web-socket-pipe.ts';

const connectPath = '/signalbox.v1.SignalingService/Connect';
/** Connections that are opened at once: what a listener's backlog takes with ease. */
const together = 50;

/** Opens so many clients of the target, ready to enter rooms. */
export async function openClients(target: Target, count: number): Promise<readonly Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const batch = Array.from({ length: Math.min(together, count - clients.length) }, (_, index) =>
      openClient(target, `client-${String(clients.length + index).padStart(4, '0')}`),
    );
    clients.push(...(await Promise.all(batch)));
  }
  return clients;
}

async function openClient({ protocol, port, keyFile }: Target, name: string): Promise<Client> {
  switch (protocol) {
    case 'classic':
      return ClassicClient.open(port, name);
    case 'socket.io':
      return SocketIoClient.open(port, name);
    case 'peer-server':
      return PeerServerClient.open(port, name);
    case 'plain-grpc':
      return SignalboxClient.open(name, new GrpcPipe(port, connectPath), undefined);
    case 'signalbox-grpc':
      return SignalboxClient.open(name, new GrpcPipe(port, connectPath), await token(keyFile, name));
    case 'signalbox-halves':
      return SignalboxClient.open(name, new HalvesPipe(port), await token(keyFile, name));
    case 'signalbox-websocket': {
      const pipe = await WebSocketPipe.open(port, '/ws', 'signalbox.v1.proto');
      return SignalboxClient.open(name, pipe, await token(keyFile, name));
    }
  }
}

function token(keyFile: string, identity: string): Promise<string> {
  const { keys }: { keys: [Key] } = JSON.parse(readFileSync(keyFile, 'utf8'));
  return createToken(keys[0], { identity });
}
