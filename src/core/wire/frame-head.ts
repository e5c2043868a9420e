import { varintSize, writeVarint } from './varint.ts';

const SEQ = 1 << 3;
const ACK = 2 << 3;

/** Bytes of `ServerFrame.seq` and `.ack`, which stand in front of a body; 0 is not written. */
export function frameHeadSize(seq: number, ack: number): number {
  return (seq === 0 ? 0 : 1 + varintSize(seq)) + (ack === 0 ? 0 : 1 + varintSize(ack));
}

/** Writes `ServerFrame.seq` and `.ack`; returns the position behind them, where the body goes. */
export function writeFrameHead(out: Uint8Array, position: number, seq: number, ack: number): number {
  let at = position;
  if (seq !== 0) {
    out[at] = SEQ;
    at = writeVarint(out, at + 1, seq);
  }
  if (ack !== 0) {
    out[at] = ACK;
    at = writeVarint(out, at + 1, ack);
  }
  return at;
}

/** A whole `ServerFrame`: head and body. For single frames; the pump writes heads and bodies into one buffer. */
export function encodeFrame(seq: number, ack: number, body: Uint8Array): Uint8Array {
  const head = frameHeadSize(seq, ack);
  const out = new Uint8Array(head + body.length);
  writeFrameHead(out, 0, seq, ack);
  out.set(body, head);
  return out;
}
