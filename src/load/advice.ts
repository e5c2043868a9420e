import type { Reason } from '../client/index.ts';

/** What an operator can do about a reason, where that is not plain. */
const advice: Readonly<Partial<Record<Reason, string>>> = {
  unreachable:
    'is this the address that clients use; is its certificate trusted here (--insecure); does its proxy let this --transport through; are there free descriptors here and there (ulimit -n); do portLimits of the gateway (connectionRate, addressShare, handshakesPerAddress) let one address do so much?',
  rate_limited:
    'a limit of the gateway: limits.signalRate, messageRate or roomRate of its configuration for what is sent, portLimits.sessionRate for sessions. More participants share the former',
  overloaded: 'the gateway was too busy for new sessions: lower --ramp or --rate, or start more nodes',
  token_invalid: 'is --key-file the one that the gateway uses, and are the tokens of --tokens still valid?',
  denied: 'what the tokens of --tokens may do does not suffice for this scenario',
  inbox_overflow: 'receivers did not keep up: is this generator, or the network, the bottleneck?',
  room_not_found: 'tokens of --tokens that may not create rooms need rooms that exist: see --room-prefix',
  room_full: 'see maxParticipants of the profile of these rooms, and limits.participants',
};

/** '': none. */
export function adviceFor(reason: string): string {
  return advice[reason as Reason] ?? '';
}
