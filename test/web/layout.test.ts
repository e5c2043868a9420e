import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grid } from '../../web/model/grid.ts';
import { chooseStage, TileOrder } from '../../web/model/tile-order.ts';

const boxes = fc.record({
  width: fc.integer({ min: 240, max: 2_560 }),
  height: fc.integer({ min: 200, max: 1_600 }),
});
const counts = fc.integer({ min: 1, max: 8 });

describe('a grid', () => {
  it('has a place for each tile, within the box and apart from the others', () => {
    fc.assert(
      fc.property(counts, boxes, fc.integer({ min: 0, max: 16 }), (count, box, gap) => {
        const { places, width, height } = grid(count, box, { gap });
        expect(places).toHaveLength(count);
        expect(width).toBeGreaterThan(0);
        expect(height).toBeGreaterThan(0);
        for (const place of places) {
          expect(place).toMatchObject({ width, height });
          expect(Math.min(place.x, place.y)).toBeGreaterThanOrEqual(0);
          expect(place.x + width).toBeLessThanOrEqual(box.width);
          expect(place.y + height).toBeLessThanOrEqual(box.height);
        }
        places.forEach((a, index) => {
          for (const b of places.slice(index + 1)) {
            const apart = Math.abs(a.x - b.x) >= width + gap || Math.abs(a.y - b.y) >= height + gap;
            expect(apart).toBe(true);
          }
        });
      }),
    );
  });

  it('keeps tiles in shape', () => {
    fc.assert(
      fc.property(counts, boxes, (count, box) => {
        const { width, height } = grid(count, box);
        // A pixel either way by rounding.
        expect(width / (height + 1)).toBeLessThanOrEqual(16 / 9);
        expect((width + 1) / height).toBeGreaterThanOrEqual(3 / 4);
      }),
    );
  });

  it('has tiles at least 13 / 20 as large as any other number of columns gives', () => {
    fc.assert(
      fc.property(counts, boxes, (count, box) => {
        const best = grid(count, box, { gap: 0 });
        for (let columns = 1; columns <= count; columns += 1) {
          const rows = Math.ceil(count / columns);
          const width = Math.floor(Math.min(box.width / columns, ((box.height / rows) * 16) / 9));
          const height = Math.floor(Math.min(box.height / rows, (width * 4) / 3));
          expect(best.width * best.height).toBeGreaterThanOrEqual((width * height * 13) / 20);
        }
      }),
    );
  });

  it.each([
    [1, 1280, 720, 1, 1],
    [2, 1280, 720, 2, 1],
    [2, 390, 700, 1, 2],
    [3, 1280, 720, 2, 2],
    [4, 1280, 720, 2, 2],
    [4, 390, 700, 2, 2],
    [6, 1280, 720, 3, 2],
    [8, 390, 700, 2, 4],
    [2, 1280, 800, 2, 1],
    [8, 2560, 1300, 3, 3],
  ])('of %i in %i by %i has %i columns and %i rows', (count, width, height, columns, rows) => {
    expect(grid(count, { width, height })).toMatchObject({ columns, rows });
  });

  it('centres a last row that is not full', () => {
    const { places, width } = grid(3, { width: 1280, height: 720 });
    expect(places[2]?.x).toBe(Math.floor((1280 - width) / 2));
  });

  it('of none, or in a box that is not there yet, is nothing', () => {
    expect(grid(0, { width: 100, height: 100 }).places).toEqual([]);
    expect(grid(2, { width: 0, height: 0 })).toMatchObject({ width: 0, height: 0 });
  });
});

describe('the order of tiles', () => {
  it('moves nobody but to close a gap', () => {
    const people = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'));
    fc.assert(
      fc.property(fc.array(people, { minLength: 2 }), (rosters: readonly (readonly string[])[]) => {
        const order = new TileOrder();
        let before: readonly string[] = [];
        for (const roster of rosters) {
          const now = order.update(roster);
          expect([...now].sort()).toEqual([...roster].sort());
          const stayed = before.filter((id) => roster.includes(id));
          expect(now.slice(0, stayed.length)).toEqual(stayed);
          before = now;
        }
      }),
    );
  });

  it('is the same array where nothing changed, in whatever order it is asked for', () => {
    const order = new TileOrder();
    const first = order.update(['a', 'b', 'c']);
    expect(order.update(['c', 'a', 'b'])).toBe(first);
  });
});

describe('the stage', () => {
  const person = (id: string) => ({ id, screen: false, since: 0 });
  const screen = (id: string, since: number) => ({ id, screen: true, since });

  it('is empty without a screen', () => {
    expect(chooseStage([person('a'), person('b')], undefined)).toEqual({
      stage: undefined,
      why: 'none',
      strip: ['a', 'b'],
    });
  });

  it('is the newest screen, and the others stay in their order', () => {
    const tiles = [person('a'), screen('s', 2), person('b'), screen('r', 1)];
    expect(chooseStage(tiles, undefined)).toEqual({ stage: 's', why: 'screen', strip: ['a', 'b', 'r'] });
    expect(chooseStage(tiles.reverse(), undefined).stage).toBe('s');
  });

  it('is what the visitor pinned, as long as it is there', () => {
    const tiles = [person('a'), screen('s', 2), person('b')];
    expect(chooseStage(tiles, 'b')).toEqual({ stage: 'b', why: 'pinned', strip: ['a', 's'] });
    expect(chooseStage(tiles, 'gone').stage).toBe('s');
  });
});
