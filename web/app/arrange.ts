import type { Box, Rect } from '../model/grid.ts';
import { grid } from '../model/grid.ts';
import { stagePlaces } from './stage-places.ts';

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
  /** Of a stage that is shown whole, width to height; undefined: it fills any frame. */
  readonly stageShape?: number | undefined;
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
/** An own tile that lies over somebody among many covers the corner of a picture, and not the face in it. */
const CORNER = 0.38;

/**
 * Places tiles in a box: alone, the own ones; with others, these in a grid and the own ones small in a corner; with a stage, that
 * and the rest in a strip at its side.
 */
export function arrange(pieces: Pieces, box: Box, corner: Corner): Arrangement {
  const { own, ownScreens, others, stage, stageShape } = pieces;
  const places = new Map<string, Rect>();
  if (stage !== undefined) {
    const keys = [...others.filter((key) => key !== stage), ...ownScreens, own];
    const { stage: large, strip } = stagePlaces(keys.length, stageShape, box);
    places.set(stage, large);
    for (const [index, key] of keys.entries()) {
      const place = strip[index];
      if (place !== undefined) places.set(key, place);
    }
    return { places, floating: false };
  }
  if (others.length === 0) {
    put(places, [...ownScreens, own], box);
    return { places, floating: false };
  }
  put(places, others, box);
  const rects = () => others.flatMap((key) => places.get(key) ?? []);
  const least = rects().reduce(smaller);
  const wanted = float(box, corner, least);
  makeRoom(places, others, wanted, corner, box);
  const floats =
    rects().length > 1 && rects().some((rect) => overlap(rect, wanted))
      ? float(box, corner, least, CORNER)
      : wanted;
  places.set(own, floats);
  const towards = (floats.height + GAP) * (corner.block === 'end' ? -1 : 1);
  for (const [index, key] of ownScreens.entries()) {
    places.set(key, { ...floats, y: floats.y + towards * (index + 1) });
  }
  return { places, floating: true };
}

/** So that the own tile covers nobody: a last row that is not full moves to the other side, and rows that leave room above or below move there. */
function makeRoom(
  places: Map<string, Rect>,
  others: readonly string[],
  floats: Rect,
  { inline, block }: Corner,
  box: Box,
): void {
  const rects = others.flatMap((key) => places.get(key) ?? []);
  const last = rects.at(-1);
  if (last === undefined || rects.length < 2) return;
  const shift = (keys: readonly string[], x: number, y: number) => {
    for (const key of keys) {
      const rect = places.get(key);
      if (rect !== undefined) places.set(key, { ...rect, x: rect.x + x, y: rect.y + y });
    }
  };
  const row = others.filter((key) => places.get(key)?.y === last.y);
  const start = Math.min(...rects.map(({ x }) => x));
  const end = Math.max(...rects.map(({ x, width }) => x + width));
  const rowStart = Math.min(...row.map((key) => places.get(key)?.x ?? 0));
  const free = 2 * (rowStart - start) + Math.max(0, box.width - end - MARGIN);
  // A full row has no room, and neither has a single column.
  if (block === 'end' && rowStart > start && free >= floats.width) {
    shift(row, (rowStart - start) * (inline === 'end' ? -1 : 1), 0);
    return;
  }
  // The grid is centred: as much is free above as below.
  const above = Math.min(...rects.map(({ y }) => y));
  const wanted = floats.height + MARGIN + GAP - above;
  if (wanted > 0 && wanted <= above) shift(others, 0, block === 'end' ? -wanted : wanted);
}

function overlap(one: Rect, other: Rect): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

function smaller(one: Rect, other: Rect): Rect {
  return one.width * one.height <= other.width * other.height ? one : other;
}

function put(places: Map<string, Rect>, keys: readonly string[], box: Box): void {
  const tall = box.height > box.width;
  // One alone has all of it, unless that would cut off most of the picture.
  const only = keys.length === 1 && box.width <= box.height * WIDEST ? [{ ...box, x: 0, y: 0 }] : undefined;
  const rects = only ?? grid(keys.length, box, { gap: GAP, tallest: tall ? 4 / 5 : 4 / 3 }).places;
  for (const [index, key] of keys.entries()) {
    const rect = rects[index];
    if (rect !== undefined) places.set(key, rect);
  }
}

/** The place of the own tile: small, in its corner, and at most this `part` across and down of the smallest other one (`least`). */
function float(box: Box, { inline, block }: Corner, least: Box, part = 1): Rect {
  const tall = box.height > box.width;
  const aspect = tall ? 3 / 4 : 16 / 9;
  const wanted = tall ? clamp(box.width * 0.25, 84, 170) : clamp(box.width * 0.17, 112, 360);
  const [most, deepest] = [least.width * part - GAP, least.height * part - GAP];
  const width = Math.max(64, Math.min(wanted, most, deepest * aspect));
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
