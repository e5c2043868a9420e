import { describe, expect, it } from 'vitest';
import { parseIceUrl } from '../../src/ice/ice-url.ts';

describe('the URL of an ICE server', () => {
  // The examples of RFC 7064, 3.2 and RFC 7065, 3.2 among them.
  it.each([
    ['stun:example.org', 'stun'],
    ['stuns:example.org', 'stuns'],
    ['stun:example.org:8000', 'stun'],
    ['turn:example.org', 'turn'],
    ['turns:example.org:8000', 'turns'],
    ['turn:example.org?transport=udp', 'turn'],
    ['turn:example.org:8000?transport=tcp', 'turn'],
    ['turns:example.org?transport=tcp', 'turns'],
    ['stun:192.0.2.1:3478', 'stun'],
    ['turn:[2001:db8::1]:3478', 'turn'],
    ['turn:[::1]', 'turn'],
    ['stun:localhost', 'stun'],
    ['turn:turn_1.internal:65535', 'turn'],
  ])('may be %s', (url, scheme) => {
    expect(parseIceUrl(url)).toEqual({ scheme });
  });

  it.each([
    ['turn://example.org', /no \/\/ behind turn: \(write turn:example\.org\)/],
    ['https://example.org', /must begin with stun:/],
    ['TURN:example.org', /must begin with stun:/],
    ['example.org:3478', /must begin with stun:/],
    ['', /must begin with stun:/],
    ['stun:', /must have a host/],
    ['stun::3478', /must have a host/],
    ['turn:example.org:0', /no valid port/],
    ['turn:example.org:65536', /no valid port/],
    ['turn:example.org:', /no valid port/],
    ['turn:example.org:3478/path', /no valid port/],
    ['turn:user@example.org', /must not hold a user/],
    ['turn:2001:db8::1', /IPv6 address in brackets/],
    ['turn:[2001:db8::zz]', /no valid IPv6 address/],
    ['turn:[fe80::1%eth0]', /no valid IPv6 address/],
    ['turn:192.0.2.256', /no valid host/],
    ['turn:exa mple.org', /no valid host/],
    ['turn:-a.org', /no valid host/],
    ['turn:a..org', /no valid host/],
    ['stun:example.org?transport=udp', /stun has no \?/],
    ['turn:example.org?transport=sctp', /transport=udp or \?transport=tcp only/],
    ['turn:example.org?transport=udp?transport=tcp', /only/],
    ['turn:example.org?', /only/],
  ])('may not be %j, and the sentence says why', (url, message) => {
    const parsed = parseIceUrl(url);
    expect('problem' in parsed ? parsed.problem : 'was accepted').toMatch(message);
  });
});
