import type { ReactionName } from '../words/words.ts';

/** In the order of the buttons; the keys of the room's totals. */
export const REACTIONS: readonly ReactionName[] = ['like', 'love', 'laugh', 'wow', 'bravo'];

/** Drawn here: not every system has the pictures, and none the same. */
export function ReactionPicture({ name }: { readonly name: ReactionName }) {
  return (
    <svg
      class={`reaction-picture ${name}`}
      viewBox="0 0 32 32"
      width="32"
      height="32"
      aria-hidden="true"
      focusable="false"
    >
      {PICTURES[name]}
    </svg>
  );
}

const FACE = <circle cx="16" cy="16" r="13" fill="#ffcd4c" />;
const INK = '#5b3b09';
const line = { fill: 'none', stroke: INK, 'stroke-width': 2, 'stroke-linecap': 'round' } as const;

const PICTURES = {
  like: (
    <>
      <path d="M4 14.5h5V28H5.500A1.5 1.5 0 0 1 4 26.500Z" fill="#3d7eea" />
      <path
        d="M10.5 14.5 15.2 4.800a2.6 2.6 0 0 1 4.6 2L19 12.500h6.300a3 3 0 0 1 2.9 3.700l-2.2 9.300A3.3 3.3 0 0 1 22.8 28H10.500Z"
        fill="#ffcd4c"
      />
    </>
  ),
  love: (
    <path
      d="M16 28 5.3 17.200a6.9 6.9 0 0 1 0-9.7 6.8 6.8 0 0 1 9.6 0L16 8.600l1.1-1.100a6.8 6.8 0 0 1 9.6 0 6.9 6.9 0 0 1 0 9.700Z"
      fill="#e8475f"
    />
  ),
  laugh: (
    <>
      {FACE}
      <path d="M8.5 13.500c1-2 3.5-2 4.5 0M19 13.500c1-2 3.5-2 4.5 0" {...line} />
      <path d="M8.5 17.500h15a7.5 7.5 0 0 1-15 0Z" fill={INK} />
    </>
  ),
  wow: (
    <>
      {FACE}
      <circle cx="11.5" cy="13" r="1.8" fill={INK} />
      <circle cx="20.5" cy="13" r="1.8" fill={INK} />
      <ellipse cx="16" cy="21" rx="3.2" ry="4.2" fill={INK} />
    </>
  ),
  bravo: (
    <>
      <path d="M4 28 10.5 11 21 21.500Z" fill="#f0a02c" />
      <path d="M8.7 15.7 16.3 23.300M6.7 21 11 25.3" stroke="#fff3d1" stroke-width="2" />
      <path
        d="M17 12c1.5-2 1-4.5-.5-6.500M20.5 15.500c2-1.8 4.5-2 7-1"
        fill="none"
        stroke="#3d7eea"
        stroke-width="2"
        stroke-linecap="round"
      />
      <circle cx="22" cy="8" r="1.8" fill="#e8475f" />
      <circle cx="27" cy="20.5" r="1.6" fill="#27a276" />
      <circle cx="11.5" cy="5.5" r="1.5" fill="#27a276" />
      <circle cx="27" cy="6" r="1.3" fill="#f0a02c" />
    </>
  ),
} as const satisfies Record<ReactionName, unknown>;
