import { join } from 'node:path';
import type { Subject, Workspace } from './subject.ts';

/** What every ratio is to. */
export const reference = 'classic';

/** The gateway as its user gets it: the real command, keys from a file, every check on. */
function gateway({ root, keyFile }: Workspace): readonly string[] {
  return [join(root, 'src', 'main.ts'), 'serve', '--port', '0', '--key-file', keyFile];
}

export const subjects: readonly Subject[] = [
  {
    name: reference,
    protocol: 'classic',
    args: ({ root }) => [join(root, 'bench', 'subjects', 'classic.ts')],
  },
  { name: 'signalbox-ws', protocol: 'signalbox-websocket', args: gateway },
  { name: 'signalbox-grpc', protocol: 'signalbox-grpc', args: gateway },
];
