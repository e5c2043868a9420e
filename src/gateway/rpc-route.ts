import type { Peer } from '../core/lane.ts';
import type { AdmissionKind } from './admission.ts';
import type { ClientCertificate, LaneRequest, NodeRequest } from './connection.ts';
import type { NodeResponse } from './refusal.ts';

/** A request that passed the gateway's checks, on its way to the code that serves it. */
export interface RpcExchange {
  readonly request: NodeRequest;
  readonly response: NodeResponse;
  /** Fields that the response must carry whatever it says (CORS, proxy buffering). Names in lower case. */
  readonly responseFields: Readonly<Record<string, string>>;
  readonly peer: Peer;
  /** Set when the caller proved one over TLS. */
  readonly clientCertificate: ClientCertificate | undefined;
}

/** Serves a request that passed the gateway's checks, from this address, with these fields in its response. */
export type StreamServer = (
  request: LaneRequest,
  address: string,
  responseFields: Readonly<Record<string, string>>,
) => void;

/** One rpc, as the gateway routes it. */
export interface RpcRoute {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly kind: AdmissionKind;
  /** `POST`, and `GET` for methods without side effects. */
  readonly methods: readonly string[];
  /** Whether a request of this `content-type` can be served; it is '' for a GET. */
  readonly accepts: (contentType: string) => boolean;
  /** The response is a stream: proxies are asked not to buffer it. */
  readonly streamsResponse: boolean;
  /** Longest announced body, in bytes; undefined for a stream of requests and where `serve` limits it itself. */
  readonly bodyBytes: number | undefined;
  /** How long the body may take, in milliseconds; undefined for a stream of requests and where `serve` limits it. */
  readonly bodyMs: number | undefined;
  /** How long the exchange may take in all, in milliseconds; undefined for streams and where `serve` limits it. */
  readonly exchangeMs: number | undefined;
  /** Takes the exchange over: nothing else will answer it. */
  readonly serve: (exchange: RpcExchange) => void;
  /** The same for a POST over HTTP/2, for routes without limits of the three kinds above; absent: `serve` has it. */
  readonly serveStream?: StreamServer | undefined;
}
