import type { Verdict } from './fault-pipe.ts';

const dataFrame = 0;

/**
 * Lets a gateway's answer through up to its first ServerFrame, and cuts the connection there: the gateway has welcomed the
 * client, who never learns of it. Reads HTTP/2 (up to the first DATA frame) and WebSockets (up to the end of the upgrade).
 */
export function welcomeCutter(cut: () => void): (chunk: Uint8Array) => Verdict {
  let upgraded = false;
  let held: Uint8Array = new Uint8Array(0);
  const isData = (): boolean => {
    while (held.length >= 9) {
      if (held[3] === dataFrame) return true;
      const length = 9 + (held[0]! << 16) + (held[1]! << 8) + held[2]!;
      if (held.length < length) return false;
      held = held.subarray(length);
    }
    return false;
  };
  return (chunk) => {
    if (!upgraded && held.length === 0 && Buffer.from(chunk).toString('latin1', 0, 5) === 'HTTP/') {
      upgraded = true;
      const rest = Buffer.from(chunk).indexOf('\r\n\r\n') + 4;
      if (rest === chunk.length) return 'pass';
      cut();
      return 'cut';
    }
    held = Buffer.concat([held, chunk]);
    if (!upgraded && !isData()) return 'pass';
    cut();
    return 'cut';
  };
}
