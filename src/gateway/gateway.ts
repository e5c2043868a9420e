import { isIPv6 } from 'node:net';
import type { ConnectRouter } from '@connectrpc/connect';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { AddressBudget } from './address-budget.ts';
import type { Admission } from './admission.ts';
import { createApp } from './app.ts';
import { descriptorLimit } from './descriptors.ts';
import { Guard } from './guard.ts';
import { createHttp1Server } from './http1-server.ts';
import { Http2Requests } from './http2-requests.ts';
import { type LaneEndpoint, laneRoute } from './lane-routes.ts';
import { connectionBudget, DEFAULT_LIMITS, type GatewayLimits } from './limits.ts';
import { Listener } from './listener.ts';
import { LoadAdmission } from './load-admission.ts';
import { type OriginOptions, Origins } from './origins.ts';
import { TrustedProxies } from './proxies.ts';
import { StreamRoutes } from './stream-routes.ts';
import type { TlsSource } from './tls.ts';
import { unaryRoutes } from './unary-routes.ts';
import type { WebSocketHandler } from './upgrade.ts';

export interface GatewayOptions {
  /** Address to bind. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port to bind; 0 (default) asks the system for one. */
  readonly port?: number;
  /** Certificate; undefined serves clear text. */
  readonly tls?: TlsSource | undefined;
  /** The rpcs of the envelope lane. */
  readonly endpoints?: Iterable<LaneEndpoint>;
  /** Registers the unary services. */
  readonly routes?: (router: ConnectRouter) => void;
  /** Takes WebSocket upgrades at `/ws`; undefined answers them 404. */
  readonly webSocket?: WebSocketHandler | undefined;
  /** Folder of the page and the SDK, see `PageOptions`. */
  readonly webRoot?: string | undefined;
  /** Further plain HTTP routes. */
  readonly pages?: ((app: FastifyInstance) => void) | undefined;
  /** Browser origins besides the gateway's own. Default: none. */
  readonly origins?: OriginOptions;
  /** Addresses and CIDR blocks of proxies whose `x-forwarded-for` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Default: what one address may ask for. */
  readonly admission?: Admission;
  /** What `GET /healthz` says. Default: true. */
  readonly isServing?: () => boolean;
  /** Overrides of `DEFAULT_LIMITS`. `maxConnections` is lowered to what the descriptor limit allows. */
  readonly limits?: Partial<GatewayLimits>;
  /** How long open requests and streams may go on after `close`, in milliseconds. Default 5,000. */
  readonly closeGraceMs?: number;
  /** Called once the port is bound, before the first connection is taken. What it throws, `startGateway` rejects with. */
  readonly bound?: (() => void) | undefined;
  readonly log: Logger;
}

export interface Gateway {
  /** Where the gateway is reached from this machine, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** The bound address. */
  readonly address: string;
  /** Accepted sockets that are open. */
  readonly openSockets: number;
  /**
   * Stops accepting, ends idle connections, lets the others finish for `graceMs` (default: `closeGraceMs`), ends them.
   * Resolves when no socket, timer or handle of the gateway is left. Calls after the first wait for the same end.
   */
  close(graceMs?: number): Promise<void>;
}

const CLOSE_GRACE_MS = 5_000;
const DEFAULT_ORIGINS: OriginOptions = { allowed: [], setting: 'the list of allowed origins' };

/**
 * Opens the port and serves.
 * @throws RangeError for a malformed trusted proxy; the system's error where the port cannot be bound or a certificate
 *   cannot be read.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log } = options;
  const limits = resolveLimits(options.limits ?? {});
  const proxies = new TrustedProxies(options.trustedProxies ?? []);
  const origins = new Origins(options.origins ?? DEFAULT_ORIGINS, log);
  const http1 = createHttp1Server(limits);
  const shutdown = new AbortController();
  const admission = options.admission ?? new LoadAdmission({ limits });
  const rates = admission.connections ?? new AddressBudget(limits.connectionRate, () => performance.now());
  const { tls, bound } = options;
  const listener = new Listener({ limits, http1, proxies, rates, tls, bound, log });
  const guard = new Guard({
    connections: listener.connections,
    proxies,
    origins,
    admission,
    random: Math.random,
  });
  const rpcs = [
    ...[...(options.endpoints ?? [])].map(laneRoute),
    ...unaryRoutes({ routes: options.routes ?? noRoutes, limits, shutdown: shutdown.signal, log }),
  ];
  const { fastify, onRequest } = await createApp({
    http1,
    guard,
    rpcs,
    pages: {
      webRoot: options.webRoot,
      isServing: options.isServing ?? (() => true),
      responseMs: limits.responseMs,
      routes: options.pages,
    },
    webSocket: options.webSocket,
    log,
  });
  const requests = new Http2Requests(new StreamRoutes(rpcs, guard), listener.connections, onRequest);
  await listener.open(options.host ?? '127.0.0.1', options.port ?? 0, requests);

  const { address, port } = listener.address;
  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    shutdown.abort();
    listener.stopAccepting();
    await listener.finish(graceMs);
    await fastify.close();
  };
  return {
    url: `${options.tls ? 'https' : 'http'}://${reachable(address)}:${port}`,
    port,
    address,
    get openSockets() {
      return listener.openSockets;
    },
    close: (graceMs = options.closeGraceMs ?? CLOSE_GRACE_MS) => {
      closing ??= close(graceMs);
      return closing;
    },
  };
}

function resolveLimits(overrides: Partial<GatewayLimits>): GatewayLimits {
  const limits = { ...DEFAULT_LIMITS, ...overrides };
  const descriptors = descriptorLimit();
  const budget = descriptors === undefined ? limits.maxConnections : connectionBudget(descriptors);
  return { ...limits, maxConnections: Math.min(limits.maxConnections, budget) };
}

/** An address that can be dialled, for one that means "all of them". */
function reachable(address: string): string {
  if (address === '0.0.0.0' || address === '::') return 'localhost';
  return isIPv6(address) ? `[${address}]` : address;
}

function noRoutes(): void {}
