import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Call } from '../app/call.ts';
import { language } from '../app/language.ts';

/** How long it says that it tries, in milliseconds: a try that fails at once was one all the same. */
const SAID_MS = 1_500;

/** While reconnecting: the next try begins at once. */
export function TryNow({ call }: { readonly call: Call }) {
  const { states: words } = language.value.words;
  const button = useRef<HTMLButtonElement>(null);
  const trying = useSignal(0);
  useLayoutEffect(() => {
    const element = button.current;
    // Gone with the outage: the keyboard goes on from the top of the call, which on phones was hidden below this.
    return () => {
      if (document.activeElement !== element) return;
      requestAnimationFrame(() => document.getElementById('call-title')?.focus());
    };
  }, []);
  useEffect(() => {
    if (trying.value === 0) return;
    const timer = setTimeout(() => {
      trying.value = 0;
    }, SAID_MS);
    return () => clearTimeout(timer);
  }, [trying.value]);
  return (
    <button
      ref={button}
      type="button"
      id="try-now"
      onClick={() => {
        trying.value += 1;
        call.session.tryNow();
      }}
    >
      {trying.value > 0 ? words.trying : words.tryNow}
    </button>
  );
}
