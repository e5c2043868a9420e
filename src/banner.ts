import { renderUnicodeCompact } from 'uqr';
import type { Config } from './config.ts';

export interface BannerParts {
  readonly config: Config;
  readonly version: string;
  readonly url: string;
  readonly port: number;
  /** Addresses that others on the network can reach. */
  readonly addresses: readonly string[];
  /** This is a checkout: it has the examples. */
  readonly hasExamples: boolean;
}

/** What `signalbox serve` prints when it is ready: where the page is, and commands to try. */
export function banner(parts: BannerParts): string {
  const { config, version, url, port, addresses } = parts;
  const lines = [`Signalbox ${version} is ready.`, ''];
  if (config.development) {
    lines.push(
      '  DEVELOPMENT: keys are made for this start only, and anybody who reaches this port gets a token.',
      config.lan ? '  Everybody on this network can reach it.' : '  It listens on this machine only.',
      '',
    );
  }
  lines.push(`  Call page   ${url}/?room=demo`, `  Health      ${url}/healthz`);
  if (config.lan) lines.push(...lanLines(port, addresses));
  lines.push('', '  From a gRPC client:', ...commands(parts), '');
  return lines.join('\n');
}

function lanLines(port: number, addresses: readonly string[]): string[] {
  const links = addresses.map(
    (address) => `https://${address.includes(':') ? `[${address}]` : address}:${port}/?room=demo`,
  );
  const [first] = links;
  if (first === undefined) return ['', '  This machine has no address on a network.'];
  return [
    ...links.map((link) => `  Phone       ${link}`),
    '',
    '  The certificate is self-signed: the phone asks once whether to go on.',
    '',
    ...renderUnicodeCompact(first, { border: 2 })
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}

function commands({ config, url, port, hasExamples }: BannerParts): string[] {
  const insecure = url.startsWith('https') ? '-insecure' : '-plaintext';
  const curl = url.startsWith('https') ? 'curl -sk' : 'curl -s';
  if (!config.development) {
    return [
      '    TOKEN=$(npx signalbox token --key-file keys.json --admin)',
      `    grpcurl ${insecure} -H "authorization: Bearer $TOKEN" -d '{}' localhost:${port} signalbox.v1.RoomService/ListRooms`,
    ];
  }
  return [
    ...(hasExamples ? [`    node examples/grpc-client.ts ${url} demo`] : []),
    `    grpcurl ${insecure} localhost:${port} list`,
    `    TOKEN=$(${curl} '${url}/dev/token?admin=1')`,
    `    grpcurl ${insecure} -H "authorization: Bearer $TOKEN" localhost:${port} signalbox.v1.RoomService/ListRooms`,
    '  From a backend, as JSON:',
    `    ${curl} ${url}/signalbox.v1.RoomService/ListRooms -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{}'`,
  ];
}
