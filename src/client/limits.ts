import type { Limits as WireLimits } from './codec/messages.ts';
import type { Limits } from './session.ts';

/** What the gateway announced; 0 where it announced nothing. */
export function limitsFromWire(wire: WireLimits | undefined): Limits {
  return {
    frameBytes: wire?.frameBytes ?? 0,
    signalBytes: wire?.signalBytes ?? 0,
    messageBytes: wire?.messageBytes ?? 0,
    inboxFrames: wire?.inboxFrames ?? 0,
    inboxBytes: wire?.inboxBytes ?? 0,
    rooms: wire?.rooms ?? 0,
    attributesBytes: wire?.attributesBytes ?? 0,
  };
}
