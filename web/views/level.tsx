import { useEffect, useRef } from 'preact/hooks';
import { language } from '../app/language.ts';
import type { Levels } from '../model/levels.ts';

/** How loud the microphone is, so that one sees that it hears. */
export function Level({ levels, source }: { readonly levels: Levels; readonly source: string }) {
  const bars = useRef<HTMLDivElement>(null);
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      const level = levels.level(source);
      bars.current?.style.setProperty('--level', level.toFixed(2));
      if (meter.current !== null) meter.current.value = Math.round(level * 10) / 10;
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, [levels, source]);
  return (
    <div ref={bars} class="level">
      <meter
        id="level"
        ref={meter}
        class="visually-hidden"
        min={0}
        max={1}
        aria-label={language.value.words.before.level}
      />
      {[1, 2, 3, 4, 5, 6, 7, 8].map((bar) => (
        <span key={bar} class={`bar-${bar}`} aria-hidden="true" />
      ))}
    </div>
  );
}
