import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/**
 * The addresses of this machine that others on its networks can reach, IPv4 first. Link-local IPv6 addresses are left
 * out: they need a zone, which a link cannot carry.
 */
export function lanAddresses(
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): string[] {
  const reachable = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(
      ({ internal, address }) => !internal && !/^fe[89ab]/i.test(address) && !address.startsWith('169.254.'),
    );
  const byFamily = (family: string) => reachable.filter((info) => info.family === family);
  return [...byFamily('IPv4'), ...byFamily('IPv6')].map(({ address }) => address);
}
