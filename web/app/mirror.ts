import type { ReadonlySignal } from '@preact/signals';
import { signal } from '@preact/signals';
import type { Readable } from '../model/store.ts';

/** A state of the model as a signal, for as long as the model's object lives. */
export function mirror<T>(readable: Readable<T>): ReadonlySignal<T> {
  const copy = signal(readable.value);
  readable.subscribe((value) => {
    copy.value = value;
  });
  return copy;
}
