import type { Environment } from './environment.ts';
import type { TransportName } from './options.ts';

/** One way to the gateway. */
export interface Route {
  readonly url: string;
  readonly transport: TransportName;
}

const REMEMBERED_MS = 24 * 3600 * 1000;

/** The ways to the gateway in the order of trying: each URL with each transport, what worked lately first. */
export class Routes {
  readonly #environment: Environment;
  readonly #transports: readonly TransportName[];
  #routes: readonly Route[];
  #index = 0;

  /** `transports` empty: those of the environment, with what is remembered first. Throws TypeError for a bad URL. */
  constructor(environment: Environment, urls: readonly string[], transports: readonly TransportName[]) {
    this.#environment = environment;
    this.#transports = transports;
    this.#routes = urls.flatMap((url) => this.#routesTo(baseUrl(url)));
    if (this.#routes.length === 0) throw new TypeError('no URL of a gateway');
  }

  get current(): Route {
    return this.#routes[this.#index % this.#routes.length] as Route;
  }

  /** The first choice of a transport to the same address; undefined where this route is on it, or there is no choice. */
  better({ url, transport }: Route): Route | undefined {
    const [first] = this.#transports.length > 0 ? [] : this.#environment.transports;
    return first === undefined || first === transport ? undefined : { url, transport: first };
  }

  /** This route led to a Welcome. */
  succeeded({ url, transport }: Route): void {
    const found = this.#routes.findIndex((route) => route.url === url && route.transport === transport);
    this.#index = Math.max(0, found);
    if (this.#transports.length > 0) return;
    this.#environment.storage?.setItem(key(url), `${transport} ${this.#environment.now() + REMEMBERED_MS}`);
  }

  /** The current route did not lead to a Welcome: on to the next. True when all have been tried since one worked. */
  failed(): boolean {
    this.#index += 1;
    return this.#index % this.#routes.length === 0;
  }

  /** The gateway names other addresses: they come first. Never from https to http. */
  prefer(endpoints: readonly string[]): void {
    const secure = this.current.url.startsWith('https:');
    const added = endpoints.flatMap((endpoint) => {
      try {
        const url = baseUrl(
          endpoint.includes('://') ? endpoint : `${secure ? 'https' : 'http'}://${endpoint}`,
        );
        return secure && !url.startsWith('https:') ? [] : this.#routesTo(url);
      } catch {
        return [];
      }
    });
    if (added.length === 0) return;
    const isNew = (route: Route) =>
      !added.some(({ url, transport }) => route.url === url && route.transport === transport);
    this.#routes = [...added, ...this.#routes.filter(isNew)];
    this.#index = 0;
  }

  #routesTo(url: string): readonly Route[] {
    const transports = this.#transports.length > 0 ? this.#transports : this.#environment.transports;
    const worked = this.#transports.length > 0 ? undefined : this.#remembered(url);
    return [...transports]
      .sort((a, b) => Number(b === worked) - Number(a === worked))
      .map((transport) => ({ url, transport }));
  }

  #remembered(url: string): string | undefined {
    const [transport, until] = this.#environment.storage?.getItem(key(url))?.split(' ') ?? [];
    return Number(until) > this.#environment.now() ? transport : undefined;
  }
}

function key(url: string): string {
  return `signalbox.transport.${url}`;
}

/** http or https, without a slash at its end. ws and wss are taken for what they mean. */
function baseUrl(text: string): string {
  const url = new URL(text.replace(/^ws/, 'http'));
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`not the http(s) URL of a gateway: ${text}`);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
