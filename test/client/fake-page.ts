import type { Page, Tab } from '../../src/client/environment.ts';

/** As sessionStorage and localStorage. */
export class FakeStorage {
  readonly items: Map<string, string>;

  constructor(items: Iterable<readonly [string, string]> = []) {
    this.items = new Map(items);
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }
}

/** Tabs of one origin: each with a storage of its own, all with the same locks. */
export class FakeTabs {
  readonly #held = new Set<string>();
  readonly #locks: boolean;

  /** `locks`: the browser has them. */
  constructor(locks = true) {
    this.#locks = locks;
  }

  /** `copied`: the tab is a duplicate of one with this storage. */
  open(copied: FakeStorage = new FakeStorage()): Tab & { readonly storage: FakeStorage } {
    const storage = new FakeStorage(copied.items);
    return { storage, lock: (name, ms) => (this.#locks ? this.#lock(name, ms) : Promise.resolve(() => {})) };
  }

  async #lock(name: string, ms: number): Promise<(() => void) | undefined> {
    const end = performance.now() + ms;
    while (this.#held.has(name)) {
      if (performance.now() > end) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#held.add(name);
    return () => this.#held.delete(name);
  }
}

class CountingTarget extends EventTarget {
  listeners = 0;
  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners += 1;
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners -= 1;
    super.removeEventListener(...args);
  }
}

/** A page whose events are the test's. */
export class FakePage implements Page {
  readonly window = new CountingTarget();
  readonly document = Object.assign(new CountingTarget(), { visibilityState: 'visible' });
  readonly connection = new CountingTarget();

  get listeners(): number {
    return this.window.listeners + this.document.listeners + this.connection.listeners;
  }

  visibility(state: string): void {
    this.document.visibilityState = state;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }

  /** `persisted`: into the bfcache. */
  hide(persisted: boolean): void {
    this.window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted }));
  }

  show(persisted: boolean): void {
    this.window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted }));
  }
}
