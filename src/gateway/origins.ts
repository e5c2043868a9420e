import type { Logger } from 'pino';

export interface OriginOptions {
  /** Exact origins that may call from a browser besides the gateway's own, e.g. `https://app.example.org`. */
  readonly allowed: readonly string[];
  /** How an operator calls that list; named in refusals and the log. */
  readonly setting: string;
}

/** `none`: the caller is no browser, or a browser that sends no origin. `same`: a page of this gateway. */
export type OriginVerdict = 'none' | 'same' | 'allowed' | 'refused';

/** Request headers that Connect, gRPC-Web and authorization need. */
const ALLOWED_HEADERS =
  'authorization, content-type, connect-protocol-version, connect-timeout-ms, x-grpc-web, x-user-agent, grpc-timeout';
const EXPOSED_HEADERS = 'grpc-status, grpc-message, grpc-status-details-bin';

/** Browsers cap it themselves (Chromium at 7,200 s). */
const PREFLIGHT_SECONDS = '7200';

/** One line an origin a minute: a page that retries must not fill the log. */
const LOG_EVERY_MS = 60_000;
const LOGGED_ORIGINS = 100;

/** Which web origins may use the gateway, and the CORS headers that tell their browsers so. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;
  readonly #setting: string;
  readonly #log: Logger;
  readonly #logged = new Map<string, number>();

  constructor(options: OriginOptions, log: Logger) {
    this.#allowed = new Set(options.allowed.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
    this.#setting = options.setting;
    this.#log = log;
  }

  /** @param host the request's `host` or `:authority`: a page served by this host may call it. */
  judge(origin: string | undefined, host: string): OriginVerdict {
    if (origin === undefined) return 'none';
    if (this.#allowed.has(origin.toLowerCase())) return 'allowed';
    if (
      /^https?:\/\//i.test(origin) &&
      origin.slice(origin.indexOf('//') + 2).toLowerCase() === host.toLowerCase()
    )
      return 'same';
    this.#logRefusal(origin);
    return 'refused';
  }

  /** What a refused caller is told. */
  refusalMessage(origin: string): string {
    return `origin ${printable(origin)} is not allowed; add it to ${this.#setting} on the gateway`;
  }

  /** Headers of a response to a call from `origin`. */
  responseHeaders(origin: string): Readonly<Record<string, string>> {
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': EXPOSED_HEADERS,
      vary: 'Origin',
    };
  }

  /** Headers of the answer to a preflight for `methods`. */
  preflightHeaders(origin: string, methods: readonly string[]): Readonly<Record<string, string>> {
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': PREFLIGHT_SECONDS,
      vary: 'Origin',
    };
  }

  #logRefusal(origin: string): void {
    const now = Date.now();
    const last = this.#logged.get(origin);
    if (last !== undefined && now - last < LOG_EVERY_MS) return;
    if (this.#logged.size >= LOGGED_ORIGINS) this.#logged.clear();
    this.#logged.set(origin, now);
    this.#log.warn(
      { origin: printable(origin), setting: this.#setting },
      'call from an origin that is not allowed',
    );
  }
}

/** An origin comes from the caller: cut, and without what could forge a log line. */
function printable(origin: string): string {
  return origin.slice(0, 200).replace(/[^\x20-\x7e]/g, '?');
}
