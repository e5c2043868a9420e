import { isIPv4, isIPv6 } from 'node:net';

/** `stun` and `stuns` (RFC 7064), `turn` and `turns` (RFC 7065). */
export type IceScheme = 'stun' | 'stuns' | 'turn' | 'turns';

const schemes: readonly string[] = ['stun', 'stuns', 'turn', 'turns'];
/** RFC 3986, reg-name, as DNS and browsers take it. */
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** Reads the URL of an ICE server: its scheme, or a sentence that says what is wrong with it. */
export function parseIceUrl(url: string): { readonly scheme: IceScheme } | { readonly problem: string } {
  const [, scheme = '', rest = ''] = /^([^:]*):(.*)$/s.exec(url) ?? [];
  if (!isScheme(scheme)) return { problem: 'must begin with stun:, stuns:, turn: or turns:' };
  if (rest.startsWith('//'))
    return { problem: `has no // behind ${scheme}: (write ${scheme}:${rest.slice(2)})` };
  const [address = '', query, ...more] = rest.split('?');
  const problem = addressProblem(address) ?? queryProblem(scheme, query, more.length > 0);
  return problem === undefined ? { scheme } : { problem };
}

function isScheme(text: string): text is IceScheme {
  return schemes.includes(text);
}

function addressProblem(address: string): string | undefined {
  if (address.includes('@')) return 'must not hold a user: give username and credential beside the URL';
  const [, six, name = '', port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(address) ?? [];
  if (!address.startsWith('[') && address.split(':').length > 2)
    return 'must have its IPv6 address in brackets';
  if (six === undefined && name === '') return 'must have a host behind the scheme';
  if (six !== undefined && !(isIPv6(six) && !six.includes('%'))) {
    return 'has no valid IPv6 address in its brackets';
  }
  if (six === undefined && !isHostName(name)) return 'has no valid host name or address';
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    return 'has no valid port (1 to 65535)';
  }
  return undefined;
}

function isHostName(name: string): boolean {
  if (/^[\d.]+$/.test(name)) return isIPv4(name);
  return name.length <= 253 && name.split('.').every((part) => label.test(part));
}

function queryProblem(scheme: IceScheme, query: string | undefined, more: boolean): string | undefined {
  if (query === undefined) return undefined;
  if (scheme === 'stun' || scheme === 'stuns') return 'must have nothing behind the port: stun has no ?';
  if (!more && (query === 'transport=udp' || query === 'transport=tcp')) return undefined;
  return 'may end with ?transport=udp or ?transport=tcp only';
}
