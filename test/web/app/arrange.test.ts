import { describe, expect, it } from 'vitest';
import type { Corner } from '../../../web/app/arrange.ts';
import { arrange, nearestCorner } from '../../../web/app/arrange.ts';
import type { Rect } from '../../../web/model/grid.ts';

const END: Corner = { inline: 'end', block: 'end' };
const BOXES = {
  phone: { width: 336, height: 614 },
  'phone on its side': { width: 716, height: 250 },
  tablet: { width: 744, height: 880 },
  desk: { width: 1256, height: 656 },
  wall: { width: 2536, height: 1296 },
};
const OTHERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

function placesOf(count: number, box: (typeof BOXES)['phone'], stage?: string, corner = END) {
  const others = OTHERS.slice(0, count);
  const { places, floating } = arrange({ own: 'own', ownScreens: [], others, stage }, box, corner);
  const own = places.get('own');
  if (own === undefined) throw new Error('the own tile has no place');
  return { own, floating, others: others.flatMap((key) => places.get(key) ?? []), places };
}

function overlap(one: Rect, other: Rect): number {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  return Math.max(0, width) * Math.max(0, height);
}

describe.each(Object.entries(BOXES))('tiles on a %s', (_name, box) => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('with %i others all lie inside, apart from each other', (count) => {
    for (const stage of count > 1 ? [undefined, 'b'] : [undefined]) {
      const { own, others, floating } = placesOf(count, box, stage);
      expect(others).toHaveLength(count);
      for (const { x, y, width, height } of [own, ...others]) {
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(x + width).toBeLessThanOrEqual(box.width + 0.01);
        expect(y + height).toBeLessThanOrEqual(box.height + 0.01);
        expect(Math.min(width, height)).toBeGreaterThan(30);
      }
      const apart = floating ? others : [own, ...others];
      for (const [index, one] of apart.entries()) {
        for (const other of apart.slice(index + 1)) expect(overlap(one, other)).toBeLessThan(1);
      }
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('with %i others the own one is smaller than each', (count) => {
    const { own, others, floating } = placesOf(count, box);
    expect(floating).toBe(true);
    for (const other of others) expect(own.width * own.height).toBeLessThan(other.width * other.height);
  });

  it('with a stage that one is the largest, and the own one is in the strip', () => {
    const { places, floating } = placesOf(4, box, 'c');
    const area = ({ width, height }: Rect) => width * height;
    const large = places.get('c');
    for (const [key, place] of places) if (key !== 'c') expect(area(place) * 2).toBeLessThan(area(large!));
    expect(floating).toBe(false);
  });
});

it('the own tile goes to the corner that it is sent to, and others do not move for that where they fill the height', () => {
  const start = placesOf(4, BOXES.desk, undefined, { inline: 'start', block: 'start' });
  const end = placesOf(4, BOXES.desk);
  expect(start.others).toEqual(end.others);
  expect([start.own.x, start.own.y]).toEqual([12, 12]);
  expect([end.own.x + end.own.width, end.own.y + end.own.height]).toEqual([1244, 644]);
});

it('a last row that is not full makes room for the own tile', () => {
  for (const [box, count] of [
    [BOXES.phone, 7],
    [BOXES.desk, 3],
    [BOXES.desk, 7],
  ] as const) {
    for (const inline of ['start', 'end'] as const) {
      const { own, others } = placesOf(count, box, undefined, { inline, block: 'end' });
      for (const other of others) expect(overlap(own, other)).toBeLessThan(1);
    }
  }
});

it('the own tile covers nobody where rows leave room above and below, in whatever corner it is', () => {
  for (const box of [BOXES.phone, { width: 1256, height: 700 }]) {
    const count = box === BOXES.phone ? 4 : 2;
    for (const inline of ['start', 'end'] as const) {
      for (const block of ['start', 'end'] as const) {
        const { own, others } = placesOf(count, box, undefined, { inline, block });
        for (const other of others) expect(overlap(own, other)).toBe(0);
      }
    }
  }
});

it('an own tile that has to lie over one of many covers a corner of the picture, not the face in the middle', () => {
  for (const box of [BOXES.tablet, BOXES.desk, BOXES.wall]) {
    const { own, others } = placesOf(4, box);
    for (const { x, y, width, height } of others) {
      const face = { x: x + width * 0.38, y: y + height * 0.25, width: width * 0.24, height: height * 0.4 };
      expect(overlap(own, face)).toBe(0);
    }
  }
});

describe('a picture that is shown whole on the stage', () => {
  const placed = (count: number, box: (typeof BOXES)['phone'], stageShape: number) => {
    const others = OTHERS.slice(0, count);
    const { places } = arrange({ own: 'own', ownScreens: [], others, stage: 'a', stageShape }, box, END);
    const stage = places.get('a')!;
    return { stage, strip: ['own', ...others.slice(1)].map((key) => places.get(key)!) };
  };

  it.each([2, 3, 4, 7])(
    'has a place of its shape where the box is tall, and %i others the room that it leaves',
    (count) => {
      for (const box of [BOXES.phone, BOXES.tablet]) {
        const { stage, strip } = placed(count, box, 16 / 9);
        expect(stage.width / (stage.height - 40)).toBeCloseTo(16 / 9);
        expect(stage.width).toBe(box.width);
        for (const rect of strip) {
          expect(rect.width * rect.height).toBeLessThan(stage.width * stage.height);
          expect(rect.y).toBeGreaterThanOrEqual(stage.y + stage.height + 8);
          expect(rect.y + rect.height).toBeLessThanOrEqual(box.height + 0.01);
        }
        const lowest = Math.max(...strip.map(({ y, height }) => y + height));
        expect(Math.abs(stage.y - (box.height - lowest))).toBeLessThan(2);
      }
    },
  );

  it('has a place of its shape where the box is wide, too, and is no higher than that', () => {
    for (const box of [BOXES.desk, BOXES.wall]) {
      const { stage } = placed(3, box, 16 / 9);
      expect(stage.width / (stage.height - 40)).toBeCloseTo(16 / 9);
      expect(stage.y + stage.height / 2).toBeCloseTo(box.height / 2);
      const square = placed(3, box, 1);
      expect(square.stage.height).toBe(box.height);
      expect(square.stage.width).toBe(box.height - 40);
      expect(square.strip[0]?.x).toBe(square.stage.x + square.stage.width + 8);
    }
  });

  it('that is tall itself leaves the others their strip', () => {
    const { stage, strip } = placed(3, BOXES.phone, 0.5);
    expect(stage.height).toBeGreaterThan(BOXES.phone.height / 2);
    for (const { height } of strip) expect(height).toBeGreaterThan(40);
  });
});

it('a strip below a stage that fills its frame takes no more than it needs', () => {
  const { places } = placesOf(3, BOXES.phone, 'b');
  const stage = places.get('b')!;
  const top = Math.min(places.get('a')!.y, places.get('own')!.y);
  expect(stage.height + 8).toBe(top);
});

it('a strip beside the stage is one column for as long as faces are to be seen in it', () => {
  const { places, own } = placesOf(5, BOXES.desk, 'c');
  for (const [key, { x }] of places) if (key !== 'c') expect(x).toBe(own.x);
});

it('an own screen lies next to the own tile, towards the middle, and takes no place of the others', () => {
  const others = ['a', 'b'];
  for (const block of ['start', 'end'] as const) {
    const corner = { inline: 'end', block } as const;
    const without = arrange({ own: 'own', ownScreens: [], others, stage: undefined }, BOXES.desk, corner);
    const { places } = arrange(
      { own: 'own', ownScreens: ['s'], others, stage: undefined },
      BOXES.desk,
      corner,
    );
    for (const key of ['own', ...others]) expect(places.get(key)).toEqual(without.places.get(key));
    const [own, screen] = [places.get('own')!, places.get('s')!];
    expect([screen.x, screen.width, screen.height]).toEqual([own.x, own.width, own.height]);
    expect(screen.y - own.y).toBe((own.height + 8) * (block === 'end' ? -1 : 1));
  }
});

it('a dragged tile belongs to the corner that its middle is nearest to', () => {
  const box = { width: 1000, height: 500 };
  const at = (x: number, y: number) => nearestCorner({ x, y, width: 100, height: 100 }, box);
  expect(at(10, 10)).toEqual({ inline: 'start', block: 'start' });
  expect(at(460, 10)).toEqual({ inline: 'end', block: 'start' });
  expect(at(440, 260)).toEqual({ inline: 'start', block: 'end' });
  expect(at(900, 400)).toEqual({ inline: 'end', block: 'end' });
});
