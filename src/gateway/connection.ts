import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { PeerCertificate } from 'node:tls';
import { TLSSocket } from 'node:tls';
import type { Http2Stream } from '../lanes/http2/http2-stream.ts';

/** A request of either HTTP version as Node hands it over. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A request over HTTP/2 for a lane, on a stream of ours. */
export interface LaneRequest {
  readonly lane: Http2Stream;
  readonly from: Connection;
  readonly method: string;
  readonly url: string;
  readonly authority: string;
  readonly headers: IncomingHttpHeaders;
}

/** A request of either HTTP version, as far as it is judged. */
export type HttpRequest = NodeRequest | LaneRequest;

/** What a backend proved with its client certificate. Only ever made from a certificate that the gateway verified. */
export interface ClientCertificate {
  /** Subject common name, '' where there is none. */
  readonly commonName: string;
  /** Subject alternative names, e.g. `DNS:billing.internal`, `URI:spiffe://…`. */
  readonly subjectAltNames: readonly string[];
  /** SHA-256 fingerprint, upper-case hex with colons. */
  readonly fingerprint: string;
}

/** What the port knows about one accepted socket. */
export interface Connection {
  /** Address of the socket's other end; IPv4 in IPv6 is written as IPv4. '' when the socket is already gone. */
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  readonly clientCertificate: ClientCertificate | undefined;
  /** Accepted above the polite limit: its requests are told to come back later. */
  readonly overLimit: boolean;
}

const GONE: Connection = {
  remoteAddress: '',
  encrypted: false,
  clientCertificate: undefined,
  overLimit: false,
};

/** Finds the connection behind a request: by socket for HTTP/1.1, by stream for HTTP/2. */
export class Connections {
  readonly #known = new WeakMap<Socket | Duplex, Connection>();

  add(key: Socket | Duplex, connection: Connection): void {
    this.#known.set(key, connection);
  }

  /** Of a request or upgrade; an empty record when its socket is gone. */
  of(request: HttpRequest): Connection {
    if ('from' in request) return request.from;
    const key = 'stream' in request ? request.stream : request.socket;
    return this.#known.get(key) ?? GONE;
  }
}

export function describeConnection(socket: Socket, overLimit: boolean): Connection {
  return {
    remoteAddress: plainAddress(socket.remoteAddress ?? ''),
    encrypted: socket instanceof TLSSocket,
    clientCertificate: socket instanceof TLSSocket ? verifiedCertificate(socket) : undefined,
    overLimit,
  };
}

/** An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) as IPv4; other texts as they are. */
export function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;
}

function verifiedCertificate(socket: TLSSocket): ClientCertificate | undefined {
  if (!socket.authorized) return undefined;
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate();
  const { subject, subjectaltname, fingerprint256 } = certificate;
  if (fingerprint256 === undefined) return undefined;
  const commonName = subject?.CN;
  return {
    commonName: typeof commonName === 'string' ? commonName : '',
    subjectAltNames: alternativeNames(subjectaltname ?? ''),
    fingerprint: fingerprint256,
  };
}

/**
 * Node joins the names by ', ' and quotes, as JSON, a value that could be taken for more than one name. Splitting at
 * the comma alone would let a certificate smuggle in a name that its issuer never checked (CVE-2021-44532).
 */
function alternativeNames(joined: string): string[] {
  const names: string[] = [];
  for (const [, kind = '', value = ''] of joined.matchAll(/([^:",]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy)) {
    names.push(`${kind}:${value.startsWith('"') ? String(JSON.parse(value)) : value}`);
  }
  return names;
}
