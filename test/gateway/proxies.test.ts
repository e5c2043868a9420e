import { describe, expect, test } from 'vitest';
import { TrustedProxies } from '../../src/gateway/proxies.ts';

describe('the address of a client', () => {
  const proxies = new TrustedProxies(['10.0.0.0/8', '192.0.2.1', 'fd00::/8']);

  test.each([
    ['no header', '10.1.2.3', undefined, '10.1.2.3'],
    ['a proxy that is not trusted', '198.51.100.1', '203.0.113.5', '198.51.100.1'],
    ['one trusted proxy', '10.1.2.3', '203.0.113.5', '203.0.113.5'],
    ['a trusted proxy over IPv6 that maps IPv4', '::ffff:10.1.2.3', '203.0.113.5', '203.0.113.5'],
    ['a chain of trusted proxies', '10.1.2.3', '203.0.113.5, 192.0.2.1, fd00::7', '203.0.113.5'],
    [
      'what the client invented before the chain',
      '10.1.2.3',
      '127.0.0.1, 10.9.9.9, 203.0.113.5',
      '203.0.113.5',
    ],
    ['a port', '10.1.2.3', '203.0.113.5:4711', '203.0.113.5'],
    ['a bracketed IPv6 address with a port', '10.1.2.3', '[2001:db8::5]:4711', '2001:db8::5'],
    ['an entry that is no address', '10.1.2.3', '203.0.113.5, unknown, 192.0.2.1', '192.0.2.1'],
    ['an empty header', '10.1.2.3', '', '10.1.2.3'],
    ['only trusted proxies', '10.1.2.3', '10.4.4.4', '10.4.4.4'],
  ])('with %s', (_name, remote, forwarded, client) => {
    expect(proxies.clientAddress(remote, forwarded)).toBe(client);
  });

  test('is never forwarded where nobody is trusted', () => {
    expect(new TrustedProxies([]).clientAddress('10.1.2.3', '203.0.113.5')).toBe('10.1.2.3');
  });

  test.each(['10.0.0.0/33', '10.0.0.0/', 'proxy.internal', '10.0.0.0/x', '::1/129', ''])(
    'cannot be forwarded by %j: it is no address or block',
    (network) => {
      expect(() => new TrustedProxies([network])).toThrow(RangeError);
    },
  );
});
