import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { arrange } from '../app/arrange.ts';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';
import type { Tile } from '../app/tile.ts';
import { OWN } from '../app/tile.ts';
import type { Box } from '../model/grid.ts';
import type { TileRole } from './tile-view.tsx';
import { TileView } from './tile-view.tsx';

/** All pictures, each in its place. */
export function Stage({ call }: { readonly call: Call }) {
  const list = useRef<HTMLUListElement>(null);
  const box = useSignal<Box>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const measure = () => {
      box.value = { width: element.clientWidth, height: element.clientHeight };
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  const tiles = call.tiles.value;
  const others = tiles.filter(({ own }) => !own).map(({ key }) => key);
  const ownScreens = tiles.filter(({ own, screen }) => own && screen).map(({ key }) => key);
  const stage = call.stage.value;
  const large = tiles.find(({ key }) => key === stage);
  const stageShape = large === undefined ? undefined : call.look.shapeOf(large.key, large.screen);
  const { places, floating } = arrange(
    { own: OWN, ownScreens, others, stage, stageShape },
    box.value,
    call.look.corner.value,
  );
  return (
    <ul
      id="tiles"
      ref={list}
      class="tiles"
      aria-label={language.value.words.call.tiles}
      data-count={tiles.length}
      data-stage={stage !== undefined}
    >
      {tiles.map((tile) => (
        <TileView
          key={tile.key}
          call={call}
          tile={tile}
          place={places.get(tile.key)}
          role={roleOf(tile, stage, floating)}
          box={box.value}
        />
      ))}
    </ul>
  );
}

function roleOf({ key, own }: Tile, stage: string | undefined, floating: boolean): TileRole {
  if (key === stage) return 'stage';
  if (own && floating) return key === OWN ? 'float' : 'beside';
  return stage === undefined ? 'grid' : 'strip';
}
