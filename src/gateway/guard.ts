import { Code } from '@connectrpc/connect';
import type { Peer } from '../core/lane.ts';
import type { Admission, AdmissionKind, AdmissionVerdict } from './admission.ts';
import type { ClientCertificate, Connections, HttpRequest, NodeRequest } from './connection.ts';
import type { Origins } from './origins.ts';
import type { TrustedProxies } from './proxies.ts';
import { type NodeResponse, type Refusal, refuse } from './refusal.ts';
import type { RpcRoute } from './rpc-route.ts';

export interface GuardOptions {
  readonly connections: Connections;
  readonly proxies: TrustedProxies;
  readonly origins: Origins;
  readonly admission: Admission;
  /** From 0 to 1, 1 not included. */
  readonly random: () => number;
}

type Admitted = Extract<AdmissionVerdict, { readonly accepted: true }>;

/** The least and the most after which a caller that met the connection limit may try again, in milliseconds. */
const OVER_LIMIT_MS = [2_000, 12_000] as const;

const NO_FIELDS: Readonly<Record<string, string>> = Object.freeze({});

/** What stands between a request and its route: everything that can be said before its body is read. */
export class Guard {
  readonly #options: GuardOptions;
  /** The last one that was good: nearly all requests have the same. */
  #goodAuthority = '';

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /**
   * A `host` or `:authority` that is not one. Left alone it fails later, where no answer can be made any more.
   */
  authority(request: HttpRequest): Refusal | undefined {
    const authority = authorityOf(request);
    if (authority === this.#goodAuthority && authority !== '') return undefined;
    if (isAuthority(authority)) {
      this.#goodAuthority = authority;
      return undefined;
    }
    return {
      code: Code.InvalidArgument,
      status: 400,
      message: 'the Host header or :authority is missing or malformed',
      closeConnection: true,
    };
  }

  /**
   * The CORS fields of the response, or undefined when the request was answered here: a preflight, or an origin that
   * may not call.
   */
  cors(
    request: NodeRequest,
    response: NodeResponse,
    methods: readonly string[],
  ): Readonly<Record<string, string>> | undefined {
    const { origin } = request.headers;
    const { origins } = this.#options;
    const verdict = origins.judge(origin, authorityOf(request));
    if (verdict === 'refused') {
      refuse(request, response, originRefusal(origins.refusalMessage(origin ?? '')));
      return undefined;
    }
    const isPreflight =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (isPreflight && origin !== undefined) {
      answerPreflight(request, response, origins.preflightHeaders(origin, methods));
      return undefined;
    }
    return this.corsFields(request);
  }

  /** The CORS fields of the response to a request whose origin may call. */
  corsFields({ headers: { origin } }: HttpRequest): Readonly<Record<string, string>> {
    return origin === undefined ? NO_FIELDS : this.#options.origins.responseHeaders(origin);
  }

  /** Why a request or an upgrade from this origin may not go on. */
  originRefusal(request: HttpRequest): Refusal | undefined {
    const { origin } = request.headers;
    const { origins } = this.#options;
    if (origins.judge(origin, authorityOf(request)) !== 'refused') return undefined;
    return originRefusal(origins.refusalMessage(origin ?? ''));
  }

  /** Why this request cannot be taken by `route`. */
  refusal(request: HttpRequest, route: RpcRoute): Refusal | undefined {
    const method = request.method ?? '';
    if (!route.methods.includes(method)) {
      const allow = route.methods.join(', ');
      const message = `${method} is not allowed for ${route.path}; use ${allow}`;
      return { code: Code.Unimplemented, status: 405, atHttpLevel: true, message, headers: { allow } };
    }
    const contentType = request.headers['content-type'] ?? '';
    if (!route.accepts(contentType) && !(method === 'GET' && contentType === '')) {
      const message = `content type ${quoted(contentType)} cannot be read; use one of ${ACCEPTED_TYPES}`;
      const headers = { 'accept-post': ACCEPTED_TYPES };
      return { code: Code.Unimplemented, status: 415, atHttpLevel: true, message, headers };
    }
    const announced = Number(request.headers['content-length'] ?? 0);
    if (route.bodyBytes !== undefined && announced > route.bodyBytes) {
      const message = `a body of ${announced} bytes is too large; the limit is ${route.bodyBytes} bytes`;
      return { code: Code.ResourceExhausted, status: 413, message };
    }
    return undefined;
  }

  /** Whether the gateway takes more of this kind for now. */
  admit(request: HttpRequest, kind: AdmissionKind): Admitted | Refusal {
    const { connections, admission, random } = this.#options;
    if (connections.of(request).overLimit) {
      const [least, most] = OVER_LIMIT_MS;
      return unavailable('the gateway has too many connections', least + random() * (most - least));
    }
    const verdict = admission.accept(kind, this.clientAddress(request));
    return verdict.accepted ? verdict : unavailable(verdict.reason, verdict.retryAfterMs);
  }

  /** Where the request came from, as far as the gateway can trust it. */
  peer(request: NodeRequest): Peer {
    const { headers } = request;
    return {
      address: this.clientAddress(request),
      userAgent: headers['user-agent'] ?? '',
      bearerToken: /^bearer +([^ ]+) *$/i.exec(headers.authorization ?? '')?.[1] ?? '',
    };
  }

  /** The identity that the caller proved over TLS. */
  clientCertificate(request: NodeRequest): ClientCertificate | undefined {
    return this.#options.connections.of(request).clientCertificate;
  }

  /** IP address of the client: of the socket, or as forwarded by trusted proxies. */
  clientAddress(request: HttpRequest): string {
    const forwarded = request.headers['x-forwarded-for'];
    const { connections, proxies } = this.#options;
    return proxies.clientAddress(
      connections.of(request).remoteAddress,
      Array.isArray(forwarded) ? forwarded.join(',') : forwarded,
    );
  }
}

const ACCEPTED_TYPES =
  'application/proto, application/json, application/connect+proto, application/connect+json, application/grpc+proto, application/grpc+json, application/grpc-web+proto, application/grpc-web+json';

export function authorityOf(request: HttpRequest): string {
  return ('authority' in request ? request.authority : undefined) || request.headers.host || '';
}

function isAuthority(authority: string): boolean {
  return /^[^\s/?#@\\]+$/.test(authority) && URL.canParse(`http://${authority}`);
}

function originRefusal(message: string): Refusal {
  return { code: Code.PermissionDenied, status: 403, message, headers: { vary: 'Origin' } };
}

function unavailable(reason: string, retryAfterMs: number): Refusal {
  const seconds = Math.ceil(retryAfterMs / 1000);
  return {
    code: Code.Unavailable,
    status: 503,
    message: `${reason}; try again in ${seconds} s`,
    headers: {
      'retry-after': String(seconds),
      'grpc-retry-pushback-ms': String(Math.ceil(retryAfterMs)),
    },
    closeConnection: true,
  };
}

function quoted(contentType: string): string {
  return contentType === ''
    ? '(none)'
    : JSON.stringify(contentType.slice(0, 100).replace(/[^\x20-\x7e]/g, '?'));
}

function answerPreflight(
  request: NodeRequest,
  response: NodeResponse,
  headers: Readonly<Record<string, string>>,
): void {
  if ('stream' in request && request.stream.destroyed) return;
  response.statusCode = 204;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end();
}
