import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { nearestCorner } from '../app/arrange.ts';
import type { Look } from '../app/look.ts';
import type { Box, Rect } from '../model/grid.ts';

interface Float {
  readonly dragging: boolean;
  /** How far it is dragged, for the style. */
  readonly translate: string;
  readonly handlers: {
    readonly onPointerDown?: (event: PointerEvent) => void;
    readonly onPointerMove?: (event: PointerEvent) => void;
    readonly onPointerUp?: (event: PointerEvent) => void;
    readonly onPointerCancel?: (event: PointerEvent) => void;
  };
  /** Of the button that the keyboard moves it with. */
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

interface Drag {
  readonly pointer: number;
  readonly fromX: number;
  readonly fromY: number;
  readonly x: number;
  readonly y: number;
}

/** Lets a tile be dragged to a corner of the box, or sent there by arrow keys. */
export function useFloat(
  element: RefObject<HTMLElement | null>,
  floats: boolean,
  place: Rect | undefined,
  box: Box,
  look: Look,
): Float {
  const drag = useSignal<Drag | undefined>(undefined);
  const now = drag.value;
  const fromEnd = () => getComputedStyle(element.current ?? document.body).direction === 'rtl';
  const drop = () => {
    if (now === undefined || place === undefined) return;
    const x = place.x + (fromEnd() ? -now.x : now.x);
    look.corner.value = nearestCorner({ ...place, x, y: place.y + now.y }, box);
    drag.value = undefined;
  };
  const handlers: Float['handlers'] = !floats
    ? {}
    : {
        onPointerDown: (event) => {
          if (event.button !== 0) return;
          element.current?.setPointerCapture(event.pointerId);
          drag.value = { pointer: event.pointerId, fromX: event.clientX, fromY: event.clientY, x: 0, y: 0 };
        },
        onPointerMove: (event) => {
          if (drag.value?.pointer !== event.pointerId) return;
          const { fromX, fromY } = drag.value;
          drag.value = { ...drag.value, x: event.clientX - fromX, y: event.clientY - fromY };
        },
        onPointerUp: drop,
        onPointerCancel: () => {
          drag.value = undefined;
        },
      };
  const move = (event: KeyboardEvent) => {
    const { inline, block } = look.corner.value;
    const towardsStart = fromEnd() ? 'ArrowRight' : 'ArrowLeft';
    const towardsEnd = fromEnd() ? 'ArrowLeft' : 'ArrowRight';
    const corners = {
      [towardsStart]: { inline: 'start', block },
      [towardsEnd]: { inline: 'end', block },
      ArrowUp: { inline, block: 'start' },
      ArrowDown: { inline, block: 'end' },
    } as const;
    const corner = corners[event.key as keyof typeof corners];
    if (corner === undefined) return;
    event.preventDefault();
    look.corner.value = corner;
  };
  return {
    dragging: now !== undefined,
    translate: now === undefined ? '' : `${now.x}px ${now.y}px`,
    handlers,
    onKeyDown: move,
  };
}
