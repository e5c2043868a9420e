import type { Box, Rect } from '../model/grid.ts';
import { grid } from '../model/grid.ts';

const GAP = 8;
/** A strip beside the stage has one column as long as its tiles are no lower than this. */
const LOWEST = 90;
/** Tiles are no narrower than this, width to height. */
const TALLEST = 4 / 5;
/** Of the name below a picture that is shown whole. */
const CAPTION = 40;

/** Where the large tile goes, and the others: beside it where the box is wide, below it where it is tall. */
export interface StagePlaces {
  readonly stage: Rect;
  readonly strip: readonly Rect[];
}

/** `shape`: of a picture that is shown whole, width to height; undefined: it fills any frame. */
export function stagePlaces(count: number, shape: number | undefined, box: Box): StagePlaces {
  if (box.width > box.height * 1.1) return beside(count, shape, box);
  return shape === undefined ? below(count, box) : belowWhole(count, shape, box);
}

function beside(count: number, shape: number | undefined, { width, height }: Box): StagePlaces {
  const across = clamp(width * (count > 3 ? 0.24 : 0.2), 132, 420);
  const each = (height - GAP * (count - 1)) / count;
  const tile: Box | undefined =
    each < LOWEST
      ? undefined
      : { width: Math.min(across, (each * 16) / 9), height: Math.min(each, across / TALLEST) };
  const taken = tile?.width ?? across;
  const most = width - taken - GAP;
  // A picture that is shown whole is no wider than leaves its name room below it; the two keep together.
  const large = shape === undefined ? most : Math.min(most, (height - CAPTION) * shape);
  const start = (most - large) / 2;
  const tall = shape === undefined ? height : large / shape + CAPTION;
  const x = start + large + GAP;
  const top = tile === undefined ? 0 : (height - count * tile.height - (count - 1) * GAP) / 2;
  const strip =
    tile === undefined
      ? moved(grid(count, { width: across, height }, { gap: GAP, tallest: TALLEST }).places, x, 0)
      : Array.from({ length: count }, (_, index) => ({ ...tile, x, y: top + index * (tile.height + GAP) }));
  return { stage: { x: start, y: (height - tall) / 2, width: large, height: tall }, strip };
}

/** What the strip leaves is the stage's. */
function below(count: number, { width, height }: Box): StagePlaces {
  const area = { width, height: depth(count, height) };
  const { places } = grid(count, area, { gap: GAP, tallest: 4 / 3 });
  const used = heightOf(places);
  const stage = { x: 0, y: 0, width, height: height - used - GAP };
  return { stage, strip: moved(places, 0, height - used - topOf(places)) };
}

/** What picture and name leave is the strip's, as long as nobody in it is larger than that; the two keep together. */
function belowWhole(count: number, shape: number, { width, height }: Box): StagePlaces {
  const stage = {
    x: 0,
    width,
    height: Math.min(height - depth(count, height) - GAP, width / shape + CAPTION),
  };
  const area = { width, height: height - stage.height - GAP };
  const { places } = grid(count, area, { gap: GAP, tallest: TALLEST, fewest: 2 });
  const used = heightOf(places);
  const y = (height - stage.height - GAP - used) / 2;
  return { stage: { ...stage, y }, strip: moved(places, 0, y + stage.height + GAP - topOf(places)) };
}

/** The least that a strip below the stage takes. */
function depth(count: number, height: number): number {
  return clamp(height * (count > 3 ? 0.32 : 0.22), 96, 320);
}

function topOf(places: readonly Rect[]): number {
  return Math.min(...places.map(({ y }) => y));
}

function heightOf(places: readonly Rect[]): number {
  return Math.max(...places.map(({ y, height }) => y + height)) - topOf(places);
}

function moved(places: readonly Rect[], x: number, y: number): Rect[] {
  return places.map((place) => ({ ...place, x: place.x + x, y: place.y + y }));
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
