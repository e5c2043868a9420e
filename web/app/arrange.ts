import type { Box, Rect } from '../model/grid.ts';
import { grid } from '../model/grid.ts';

/** Where the own picture floats, in the direction of the writing. */
export interface Corner {
  readonly inline: 'start' | 'end';
  readonly block: 'start' | 'end';
}

/** What there is to place. Keys. */
export interface Pieces {
  readonly own: string;
  /** The others, in their order. */
  readonly others: readonly string[];
  /** One of the others that is to be large. */
  readonly stage: string | undefined;
}

/** Where each tile goes; `x` counts from the side where lines begin. */
export interface Arrangement {
  readonly places: ReadonlyMap<string, Rect>;
  /** The own tile lies over the others. */
  readonly floating: boolean;
}

const GAP = 8;
const MARGIN = 12;

/**
 * Places tiles in a box: alone, the own one; with others, these in a grid and the own one small in a corner; with a stage, that
 * and the rest in a strip at its side.
 */
export function arrange({ own, others, stage }: Pieces, box: Box, corner: Corner): Arrangement {
  const places = new Map<string, Rect>();
  if (stage !== undefined) {
    const strip = [...others.filter((key) => key !== stage), own];
    const [large, small] = split(box, strip.length);
    places.set(stage, large);
    put(places, strip, small);
    return { places, floating: false };
  }
  if (others.length === 0) {
    put(places, [own], { x: 0, y: 0, ...box });
    return { places, floating: false };
  }
  put(places, others, { x: 0, y: 0, ...box });
  places.set(own, float(box, corner));
  return { places, floating: true };
}

function put(places: Map<string, Rect>, keys: readonly string[], area: Rect): void {
  const tall = area.height > area.width;
  // One alone on a phone that is held upright has all of it.
  const only = keys.length === 1 && tall ? [{ ...area, x: 0, y: 0 }] : undefined;
  const rects = only ?? grid(keys.length, area, { gap: GAP, tallest: tall ? 4 / 5 : 4 / 3 }).places;
  for (const [index, key] of keys.entries()) {
    const rect = rects[index];
    if (rect !== undefined) places.set(key, { ...rect, x: rect.x + area.x, y: rect.y + area.y });
  }
}

/** A large place and a strip: beside it where the box is wide, below it where it is tall. */
function split({ width, height }: Box, count: number): readonly [Rect, Rect] {
  if (width > height * 1.1) {
    const across = clamp(width * (count > 3 ? 0.24 : 0.2), 132, 420);
    const rest = width - across - GAP;
    return [
      { x: 0, y: 0, width: rest, height },
      { x: rest + GAP, y: 0, width: across, height },
    ];
  }
  const across = clamp(height * (count > 3 ? 0.32 : 0.22), 96, 320);
  const rest = height - across - GAP;
  return [
    { x: 0, y: 0, width, height: rest },
    { x: 0, y: rest + GAP, width, height: across },
  ];
}

/** The place of the own tile: small, in its corner. */
function float(box: Box, { inline, block }: Corner): Rect {
  const tall = box.height > box.width;
  const width = tall ? clamp(box.width * 0.27, 84, 200) : clamp(box.width * 0.17, 128, 360);
  const height = tall ? (width * 4) / 3 : (width * 9) / 16;
  return {
    x: inline === 'start' ? MARGIN : box.width - width - MARGIN,
    y: block === 'start' ? MARGIN : box.height - height - MARGIN,
    width,
    height,
  };
}

/** The corner nearest to the middle of a rectangle. */
export function nearestCorner({ x, y, width, height }: Rect, box: Box): Corner {
  return {
    inline: x + width / 2 < box.width / 2 ? 'start' : 'end',
    block: y + height / 2 < box.height / 2 ? 'start' : 'end',
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
