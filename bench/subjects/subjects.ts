import { join } from 'node:path';
import type { Protocol, Subject, Workspace } from './subject.ts';

/** What every ratio is to. */
export const reference = 'classic';

/** The gateway as its user gets it: the real command, keys from a file, every check on. */
function gateway({ root, keyFile }: Workspace): readonly string[] {
  return [join(root, 'src', 'main.ts'), 'serve', '--port', '0', '--key-file', keyFile];
}

function secureGateway(workspace: Workspace): readonly string[] {
  return [...gateway(workspace), '--config', workspace.tlsConfigFile];
}

/** Its profile is worth looking at. */
export function isGateway({ protocol }: Subject): boolean {
  return protocol.startsWith('signalbox');
}

function other(name: string, protocol: Protocol): Subject {
  return { name, protocol, args: ({ root }) => [join(root, 'bench', 'subjects', `${name}.ts`)] };
}

export const subjects: readonly Subject[] = [
  other(reference, 'classic'),
  { name: 'signalbox-ws', protocol: 'signalbox-websocket', args: gateway },
  { name: 'signalbox-grpc', protocol: 'signalbox-grpc', args: gateway },
  { name: 'signalbox-halves', protocol: 'signalbox-halves', args: gateway },
  { name: 'signalbox-ws-tls', protocol: 'signalbox-websocket', secure: true, args: secureGateway },
  { name: 'signalbox-grpc-tls', protocol: 'signalbox-grpc', secure: true, args: secureGateway },
  other('socket-io', 'socket.io'),
  other('peer-server', 'peer-server'),
  other('grpc-js-relay', 'plain-grpc'),
  other('connect-node-relay', 'plain-grpc'),
];
