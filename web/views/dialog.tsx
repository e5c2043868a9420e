import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { language } from '../app/language.ts';
import { Icon } from './icons.tsx';

interface DialogProps {
  readonly title: string;
  readonly id?: string;
  /** 'sheet': over the controls; 'card': in the middle. On phones both rise from below. */
  readonly kind?: 'sheet' | 'card';
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** What one came for, before the button that closes it. */
const FIRST = '.menu-item, .reaction, select, .primary';

/** A modal dialog of the browser's own: focus stays in it, Escape closes it, and focus goes back to where it came from. */
export function Dialog({ title, id, kind = 'card', onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    const wanted = [...(element?.querySelectorAll<HTMLElement>(FIRST) ?? [])];
    wanted.find((each) => each.checkVisibility())?.focus();
    return () => {
      element?.close();
      // The browser does so itself, but not for a dialog that has left the page by then.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the key for it is Escape, which the browser handles
    <dialog
      ref={dialog}
      id={id}
      class={kind}
      aria-labelledby={heading}
      onClose={() => {
        // The browser says so later: of one that has left the page meanwhile it would close the next.
        if (dialog.current !== null) onClose();
      }}
      onClick={(event) => {
        // Only the backdrop is the dialog itself.
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <button
            type="button"
            class="round quiet"
            aria-label={language.value.words.call.close}
            onClick={onClose}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
