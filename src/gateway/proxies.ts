import { BlockList, isIP } from 'node:net';
import { plainAddress } from './connection.ts';

/** The proxies whose `x-forwarded-for` is believed. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /**
   * @param networks addresses and CIDR blocks, e.g. `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`. Empty: nobody is believed.
   * @throws RangeError naming the entry that is neither.
   */
  constructor(networks: readonly string[]) {
    for (const network of networks) this.#add(network);
  }

  has(address: string): boolean {
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  }

  /**
   * The address of the client behind the proxies. Each proxy appends the address it saw, so the list is read from its
   * end: the first address that is not a trusted proxy's is the client's; what stands before it is the client's own
   * invention. An entry that is not an address ends the search.
   */
  clientAddress(remoteAddress: string, forwardedFor: string | undefined): string {
    let client = plainAddress(remoteAddress);
    if (forwardedFor === undefined || !this.has(client)) return client;
    for (const entry of forwardedFor.split(',').reverse()) {
      const address = plainAddress(withoutPort(entry.trim()));
      if (isIP(address) === 0) return client;
      client = address;
      if (!this.has(client)) return client;
    }
    return client;
  }

  #add(network: string): void {
    const [address = '', prefix] = network.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? undefined : Number(prefix);
    const most = version === 4 ? 32 : 128;
    const valid = bits === undefined || (/^\d{1,3}$/.test(prefix ?? '') && bits <= most);
    if (version === 0 || !valid) throw new RangeError(`not an address or a CIDR block: ${network}`);
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) this.#list.addAddress(address, family);
    else this.#list.addSubnet(address, bits, family);
  }
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const bracketed = /^\[(.+)\](?::\d+)?$/.exec(entry);
  if (bracketed) return bracketed[1] ?? '';
  const dotted = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry);
  return dotted?.[1] ?? entry;
}
