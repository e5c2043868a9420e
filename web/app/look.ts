import { signal } from '@preact/signals';
import type { Corner } from './arrange.ts';

export type Panel = 'chat' | 'people' | 'details';
export type DialogName = 'settings' | 'shortcuts' | 'invite';
export type Fit = 'fit' | 'fill';

/** How this visitor looks at the call: nothing of it is known to others. */
export class Look {
  readonly panel = signal<Panel | undefined>(undefined);
  readonly dialog = signal<DialogName | { readonly tile: string } | undefined>(undefined);
  /** The menu over the controls. */
  readonly menu = signal<'more' | 'reactions' | undefined>(undefined);
  /** Key of the tile that is to be large. */
  readonly pinned = signal<string | undefined>(undefined);
  /** Where the own picture floats. */
  readonly corner = signal<Corner>({ inline: 'end', block: 'end' });
  /** Key of the tile that fills the screen. */
  readonly fullScreen = signal<string | undefined>(undefined);
  readonly #shapes = signal<ReadonlyMap<string, number>>(new Map());
  readonly #fits = signal<ReadonlyMap<string, Fit>>(new Map());

  toggle(panel: Panel): void {
    this.menu.value = undefined;
    this.panel.value = this.panel.value === panel ? undefined : panel;
  }

  /** Closes what is on top. False where nothing was open. */
  closeTop(): boolean {
    for (const open of [this.dialog, this.menu, this.panel]) {
      if (open.value === undefined) continue;
      open.value = undefined;
      return true;
    }
    return false;
  }

  /** A screen is shown whole, a face fills its frame, until one chooses. */
  fitOf(key: string, screen: boolean): Fit {
    return this.#fits.value.get(key) ?? (screen ? 'fit' : 'fill');
  }

  toggleFit(key: string, screen: boolean): void {
    const fit = this.fitOf(key, screen) === 'fit' ? 'fill' : 'fit';
    this.#fits.value = new Map([...this.#fits.value, [key, fit]]);
  }

  /** Of a picture that is shown whole, width to height; undefined: it fills its frame, or nothing of it came yet. */
  shapeOf(key: string, screen: boolean): number | undefined {
    return this.fitOf(key, screen) === 'fit' ? this.#shapes.value.get(key) : undefined;
  }

  setShape(key: string, shape: number): void {
    if (this.#shapes.peek().get(key) === shape) return;
    this.#shapes.value = new Map([...this.#shapes.peek(), [key, shape]]);
  }

  togglePin(key: string): void {
    this.pinned.value = this.pinned.value === key ? undefined : key;
  }
}
