import type { Page } from './environment.ts';

/** What a page tells a session. */
export interface PageHandlers {
  /** Network or visibility changed: the connection may be dead. */
  probe(): void;
  visible(visible: boolean): void;
  /** The page goes. `kept`: it may come back as it is (bfcache). */
  hiding(kept: boolean): void;
  /** It came back from bfcache. */
  restored(): void;
}

/** Listens to the page. Returns the way to stop that. */
export function watchPage(page: Page, handlers: PageHandlers): () => void {
  const listeners: [EventTarget, string, (event: Event) => void][] = [
    [page.window, 'online', () => handlers.probe()],
    [page.window, 'pagehide', (event) => handlers.hiding(persisted(event))],
    [page.window, 'pageshow', (event) => (persisted(event) ? handlers.restored() : handlers.probe())],
    [page.document, 'visibilitychange', () => handlers.visible(page.document.visibilityState === 'visible')],
  ];
  if (page.connection !== undefined) listeners.push([page.connection, 'change', () => handlers.probe()]);
  for (const [target, type, listener] of listeners) target.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of listeners) target.removeEventListener(type, listener);
  };
}

function persisted(event: Event): boolean {
  return 'persisted' in event && event.persisted === true;
}
