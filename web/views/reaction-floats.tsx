import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Call } from '../app/call.ts';
import type { ReactionName } from '../words/words.ts';
import { REACTIONS, ReactionPicture } from './reaction-picture.tsx';

interface Float {
  readonly id: number;
  readonly name: ReactionName;
  /** Where it rises, in percent from the start. */
  readonly at: number;
  /** How much later than the first ones, in milliseconds. */
  readonly later: number;
}

const LIFE_MS = 3_000;
const LATEST_MS = 300;
/** Multiples of it lie well apart, however many there are: the golden ratio. */
const APART = 0.618;
/** Of one change: a flood of likes does not become a flood of pictures. */
const MOST = 5;
const MOST_AT_ONCE = 40;

/** Reactions as they come: each rises once over the pictures. */
export function ReactionFloats({ call }: { readonly call: Call }) {
  const floats = useSignal<readonly Float[]>([]);
  useEffect(() => {
    let last = 0;
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const off = call.reactions.floats.on(({ key, count }) => {
      const name = REACTIONS.find((known) => known === key);
      if (name === undefined) return;
      const came = Array.from({ length: Math.min(count, MOST) }, () => {
        last += 1;
        return {
          id: last,
          name,
          at: 6 + ((last * APART) % 1) * 56,
          later: ((last * 2 * APART) % 1) * LATEST_MS,
        };
      });
      floats.value = [...floats.value, ...came].slice(-MOST_AT_ONCE);
      const timer = setTimeout(() => {
        timers.delete(timer);
        floats.value = floats.value.filter(({ id }) => !came.some((one) => one.id === id));
      }, LIFE_MS);
      timers.add(timer);
    });
    return () => {
      off();
      for (const timer of timers) clearTimeout(timer);
    };
  }, [call]);
  return (
    <div class="floats" aria-hidden="true">
      {floats.value.map(({ id, name, at, later }) => (
        <span key={id} class="float-up" style={{ insetInlineStart: `${at}%`, animationDelay: `${later}ms` }}>
          <ReactionPicture name={name} />
        </span>
      ))}
    </div>
  );
}
