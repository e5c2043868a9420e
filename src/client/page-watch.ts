import type { Page } from './environment.ts';

/** What a page tells a session. */
export interface PageHandlers {
  /** The connection may be dead. */
  probe(): void;
  /** The browser uses another network. */
  networkChanged(): void;
  visible(visible: boolean): void;
  /** The page goes. `kept`: it may come back as it is (bfcache, or frozen). */
  hiding(kept: boolean): void;
  /** It came back as it was. */
  restored(): void;
}

/**
 * Listens to the page (HTML 7.4.6, Page Lifecycle). Returns the way to stop that. `offline` and `online` only ask for a
 * probe: some browsers say them of a network that carries on.
 */
export function watchPage(page: Page, handlers: PageHandlers): () => void {
  const { window, document, connection } = page;
  const listeners: [EventTarget, string, (event: Event) => void][] = [
    [window, 'online', () => handlers.networkChanged()],
    [window, 'offline', () => handlers.probe()],
    [window, 'pagehide', (event) => handlers.hiding(persisted(event))],
    [window, 'pageshow', (event) => (persisted(event) ? handlers.restored() : handlers.probe())],
    [document, 'freeze', () => handlers.hiding(true)],
    [document, 'resume', () => handlers.restored()],
    [document, 'visibilitychange', () => handlers.visible(document.visibilityState === 'visible')],
  ];
  if (connection !== undefined) listeners.push([connection, 'change', () => handlers.networkChanged()]);
  for (const [target, type, listener] of listeners) target.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of listeners) target.removeEventListener(type, listener);
  };
}

function persisted(event: Event): boolean {
  return 'persisted' in event && event.persisted === true;
}
