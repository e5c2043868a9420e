import type { PrefixFraming } from '../../core/lane.ts';

/**
 * Framing of the classic lane, which is seen by no wire: a 32-bit length before each frame, so that the pump's joined
 * runs can be taken apart again. What a frame becomes depends on the page that gets it.
 */
export const classicFraming: PrefixFraming = {
  kind: 'prefix',
  name: 'classic',
  prefixSize: () => 4,
  writePrefix(out, position, frameLength) {
    out[position] = frameLength >>> 24;
    out[position + 1] = (frameLength >>> 16) & 0xff;
    out[position + 2] = (frameLength >>> 8) & 0xff;
    out[position + 3] = frameLength & 0xff;
    return position + 4;
  },
};

/** The frames of a run that {@link classicFraming} joined, as views of it. */
export function* splitFrames(run: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(run.buffer, run.byteOffset, run.byteLength);
  let position = 0;
  while (position < run.length) {
    const start = position + 4;
    position = start + view.getUint32(position);
    yield run.subarray(start, position);
  }
}
