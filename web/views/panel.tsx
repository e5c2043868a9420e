import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { language } from '../app/language.ts';
import type { Look, Panel as PanelName } from '../app/look.ts';
import { Icon } from './icons.tsx';

interface PanelProps {
  readonly id: PanelName;
  readonly title: string;
  readonly look: Look;
  readonly children: ComponentChildren;
}

/** Beside the pictures; on narrow windows instead of them. Focus comes in and goes back to where it was. */
export function Panel({ id, title, look, children }: PanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const own = heading.current?.closest('.panel')?.querySelector<HTMLElement>('[data-first]');
    (own ?? heading.current)?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <section id={id} class="panel" aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <h2 id={`${id}-title`} tabIndex={-1} ref={heading}>
          {title}
        </h2>
        <button
          type="button"
          class="round quiet"
          aria-label={language.value.words.call.close}
          onClick={() => {
            look.panel.value = undefined;
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      {children}
    </section>
  );
}
