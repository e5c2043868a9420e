import type { Logger, TransportName } from './options.ts';
import { connectWebTransport } from './transport/connect-web.ts';
import type { Transport } from './transport/port.ts';
import { webSocketTransport } from './transport/websocket.ts';

/** What a session needs of the world around it: one object, so that tests can be the world. */
export interface Environment {
  /** Milliseconds since 1970. */
  now(): number;
  /** 0 (inclusive) to 1. */
  random(): number;
  /** Calls `action` once after `ms`. Returns the way to stop that. */
  after(ms: number, action: () => void): () => void;
  /** Loads a transport. */
  transport(name: TransportName): Promise<Transport>;
  /** Transports that 'auto' tries, the first one first. */
  readonly transports: readonly TransportName[];
  /** Where small things outlive the page; undefined in Node and where the browser forbids it. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  /** What a reload of the page leaves; undefined in Node and where the browser forbids it. */
  readonly tab: Tab | undefined;
  /** The page; undefined in Node. */
  readonly page: Page | undefined;
  /** 'web', or Node's platform. */
  readonly platform: string;
  /** Of this installation, else of this process or page. */
  readonly deviceId: string;
}

/** The tab that the page is in. */
export interface Tab {
  /** Of this tab; a duplicate of the tab begins with a copy. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /**
   * Takes a lock that one page of this origin can have at a time. Resolves with the way to let it go; undefined where
   * another page still has it after `ms`. Where the browser has no locks, each page gets it.
   */
  lock(name: string, ms: number): Promise<(() => void) | undefined>;
}

/** Where a page's events come from. */
export interface Page {
  readonly window: EventTarget;
  readonly document: EventTarget & { readonly visibilityState: string };
  /** Network Information API, where the browser has it. */
  readonly connection: EventTarget | undefined;
}

/** The browser or Node process that this runs in. */
export function systemEnvironment(): Environment {
  const inPage = typeof document !== 'undefined';
  const storage = inPage ? pageStorage() : undefined;
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    after(ms, action) {
      const timer = setTimeout(action, ms);
      return () => clearTimeout(timer);
    },
    transport: loadTransport,
    transports: inPage
      ? pageHop() === 'http/1.1'
        ? ['websocket', 'connect-web']
        : ['connect-web', 'websocket']
      : ['grpc', 'websocket'],
    storage,
    tab: inPage ? pageTab() : undefined,
    page: inPage ? { window, document, connection: networkInformation() } : undefined,
    platform: inPage ? 'web' : process.platform,
    deviceId: storage === undefined ? processId : installationId(storage),
  };
}

/** Warnings and errors to the console. */
export const consoleLogger: Logger = {
  warn: (...data) => console.warn('[signalbox]', ...data),
  error: (...data) => console.error('[signalbox]', ...data),
};

async function loadTransport(name: TransportName): Promise<Transport> {
  switch (name) {
    case 'websocket':
      return webSocketTransport;
    case 'connect-web':
      return connectWebTransport;
    case 'grpc':
      return (await import('#client/grpc')).grpcTransport;
  }
}

/** The protocol that the page came over: 'http/1.1', 'h2', 'h3', '' where it cannot be told. */
function pageHop(): string {
  const [entry] = performance.getEntriesByType('navigation');
  return entry !== undefined && 'nextHopProtocol' in entry ? String(entry.nextHopProtocol) : '';
}

function pageStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

function pageTab(): Tab | undefined {
  try {
    return { storage: sessionStorage, lock: webLock };
  } catch {
    return undefined;
  }
}

/** A Web Lock (w3c.github.io/web-locks). Pages that are no secure context have none. */
async function webLock(name: string, ms: number): Promise<(() => void) | undefined> {
  const locks: LockManager | undefined = navigator.locks;
  if (locks === undefined) return () => {};
  return new Promise((resolve) => {
    locks
      .request(
        name,
        { signal: AbortSignal.timeout(ms) },
        () => new Promise<void>((release) => resolve(release)),
      )
      .catch(() => resolve(undefined));
  });
}

function networkInformation(): EventTarget | undefined {
  const found: unknown = 'connection' in navigator ? navigator.connection : undefined;
  return found instanceof EventTarget ? found : undefined;
}

/** Names this process or page where nothing outlives it. */
const processId = randomId();

function installationId(storage: Storage): string {
  const id = storage.getItem('signalbox.device') ?? processId;
  storage.setItem('signalbox.device', id);
  return id;
}

/** 128 random bits in hexadecimal. `crypto.randomUUID` would need a secure context. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
