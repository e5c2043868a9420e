import { useSignal } from '@preact/signals';
import type { IconName } from './icons.tsx';
import { Icon } from './icons.tsx';

interface CopyButtonProps {
  readonly id?: string;
  readonly class?: string;
  readonly icon: IconName;
  readonly text: () => string;
  readonly label: string;
  readonly done: string;
  readonly failed: string;
}

const SHOWN_MS = 3_000;

/** Copies a text, and says for a while whether it did. */
export function CopyButton({
  id,
  class: className = 'plain',
  icon,
  text,
  label,
  done,
  failed,
}: CopyButtonProps) {
  const said = useSignal<'label' | 'done' | 'failed'>('label');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      said.value = 'done';
    } catch {
      said.value = 'failed';
    }
    setTimeout(() => {
      said.value = 'label';
    }, SHOWN_MS);
  };
  return (
    <button type="button" id={id} class={`${className} copy`} onClick={() => void copy()}>
      <Icon name={said.value === 'done' ? 'check' : icon} />
      <span aria-live="polite">{{ label, done, failed }[said.value]}</span>
    </button>
  );
}
