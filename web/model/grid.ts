/** Sizes and places in CSS pixels. */
export interface Box {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Box {
  readonly x: number;
  readonly y: number;
}

export interface GridOptions {
  /** Between tiles; default 8. */
  readonly gap?: number;
  /** The widest shape of a tile, width to height; default 16/9. */
  readonly widest?: number;
  /** The tallest one; default 3/4: pictures are cut at the sides before tiles become that narrow. */
  readonly tallest?: number;
  /** Columns at the least, where there are as many tiles; default 1. */
  readonly fewest?: number;
}

/** How tiles of one size fill a box. */
export interface Grid extends Box {
  readonly columns: number;
  readonly rows: number;
  /** One for each tile, row by row; the grid is centred, and so is a last row that is not full. */
  readonly places: readonly Rect[];
}

/**
 * Of all numbers of columns the one that shows most of people: large tiles, and tiles of the shape that cameras have in such
 * a box, as what is cut off a picture is not seen. Of equals the one with the fewest empty places, then the one with fewer
 * rows. Whole pixels; nothing is outside the box.
 */
export function grid(count: number, box: Box, options: GridOptions = {}): Grid {
  const { gap = 8, fewest = 1 } = options;
  const first = Math.max(1, Math.min(count, fewest));
  let best = arrange(count, first, box, options);
  for (let columns = first + 1; columns <= count; columns += 1) {
    const next = arrange(count, columns, box, options);
    if (isBetter(next, best, count, box)) best = next;
  }
  return { ...best, places: placesOf(count, best, box, gap) };
}

type Arrangement = Omit<Grid, 'places'>;

function arrange(count: number, columns: number, box: Box, options: GridOptions): Arrangement {
  const { gap = 8, widest = 16 / 9, tallest = 3 / 4 } = options;
  const rows = Math.max(1, Math.ceil(count / columns));
  const cellWidth = Math.max(0, (box.width - gap * (columns - 1)) / columns);
  const cellHeight = Math.max(0, (box.height - gap * (rows - 1)) / rows);
  const width = Math.floor(Math.min(cellWidth, cellHeight * widest));
  const height = Math.floor(Math.min(cellHeight, width / tallest));
  return { columns, rows, width, height };
}

function isBetter(a: Arrangement, b: Arrangement, count: number, box: Box): boolean {
  const [worthA, worthB] = [worthOf(a, box), worthOf(b, box)];
  if (worthA !== worthB) return worthA > worthB;
  const [emptyA, emptyB] = [a.columns * a.rows - count, b.columns * b.rows - count];
  return emptyA !== emptyB ? emptyA < emptyB : a.rows < b.rows;
}

/** The area of a tile, less for what it cuts off a picture; by the root, as that is its edges and seldom a face. */
function worthOf({ width, height }: Box, box: Box): number {
  if (height === 0) return 0;
  const picture = box.width >= box.height ? 16 / 9 : 3 / 4;
  const shape = width / height;
  return width * height * Math.sqrt(Math.min(shape, picture) / Math.max(shape, picture));
}

function placesOf(
  count: number,
  { columns, rows, width, height }: Arrangement,
  box: Box,
  gap: number,
): Rect[] {
  const top = Math.floor((box.height - rows * height - (rows - 1) * gap) / 2);
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = Math.floor((box.width - inRow * width - (inRow - 1) * gap) / 2);
    const x = left + (index - row * columns) * (width + gap);
    return { x, y: top + row * (height + gap), width, height };
  });
}
