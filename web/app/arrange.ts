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
  /** Screens that the visitor shares: who shows one needs it small. */
  readonly ownScreens: readonly string[];
  /** The others, in their order. */
  readonly others: readonly string[];
  /** One of the others that is to be large. */
  readonly stage: string | undefined;
}

/** Where each tile goes; `x` counts from the side where lines begin. */
export interface Arrangement {
  readonly places: ReadonlyMap<string, Rect>;
  /** The own tiles lie over the others. */
  readonly floating: boolean;
}

const GAP = 8;
const MARGIN = 12;
/** A picture of 16:9 that fills more than this across loses a quarter of its height. */
const WIDEST = 2.37;

/**
 * Places tiles in a box: alone, the own ones; with others, these in a grid and the own ones small in a corner; with a stage, that
 * and the rest in a strip at its side.
 */
export function arrange({ own, ownScreens, others, stage }: Pieces, box: Box, corner: Corner): Arrangement {
  const places = new Map<string, Rect>();
  if (stage !== undefined) {
    const strip = [...others.filter((key) => key !== stage), ...ownScreens, own];
    const [large, small] = split(box, strip.length);
    places.set(stage, large);
    put(places, strip, small);
    return { places, floating: false };
  }
  if (others.length === 0) {
    put(places, [...ownScreens, own], { x: 0, y: 0, ...box });
    return { places, floating: false };
  }
  put(places, others, { x: 0, y: 0, ...box });
  const least = others.flatMap((key) => places.get(key) ?? []).reduce(smaller);
  const floats = float(box, corner, least);
  makeRoom(places, others, floats, corner, box);
  places.set(own, floats);
  const towards = (floats.height + GAP) * (corner.block === 'end' ? -1 : 1);
  for (const [index, key] of ownScreens.entries()) {
    places.set(key, { ...floats, y: floats.y + towards * (index + 1) });
  }
  return { places, floating: true };
}

/** Where the last row is not full, it moves to the other side, so that the own tile covers nobody. */
function makeRoom(
  places: Map<string, Rect>,
  others: readonly string[],
  floats: Rect,
  { inline, block }: Corner,
  box: Box,
): void {
  const rects = others.flatMap((key) => places.get(key) ?? []);
  const last = rects.at(-1);
  if (last === undefined || block === 'start' || rects.length < 2) return;
  const row = others.filter((key) => places.get(key)?.y === last.y);
  const start = Math.min(...rects.map(({ x }) => x));
  const end = Math.max(...rects.map(({ x, width }) => x + width));
  const rowStart = Math.min(...row.map((key) => places.get(key)?.x ?? 0));
  const free = 2 * (rowStart - start) + Math.max(0, box.width - end - MARGIN);
  // A full row has no room, and neither has a single column.
  if (rowStart === start || free < floats.width) return;
  const shift = (rowStart - start) * (inline === 'end' ? -1 : 1);
  for (const key of row) {
    const rect = places.get(key);
    if (rect !== undefined) places.set(key, { ...rect, x: rect.x + shift });
  }
}

function smaller(one: Rect, other: Rect): Rect {
  return one.width * one.height <= other.width * other.height ? one : other;
}

function put(places: Map<string, Rect>, keys: readonly string[], area: Rect): void {
  const tall = area.height > area.width;
  // One alone has all of it, unless that would cut off most of the picture.
  const only =
    keys.length === 1 && area.width <= area.height * WIDEST ? [{ ...area, x: 0, y: 0 }] : undefined;
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

/** The place of the own tile: small, in its corner, and smaller than any other (`least`). */
function float(box: Box, { inline, block }: Corner, least: Box): Rect {
  const tall = box.height > box.width;
  const aspect = tall ? 3 / 4 : 16 / 9;
  const wanted = tall ? clamp(box.width * 0.25, 84, 170) : clamp(box.width * 0.17, 112, 360);
  const width = Math.max(64, Math.min(wanted, least.width - GAP, (least.height - GAP) * aspect));
  const height = width / aspect;
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
