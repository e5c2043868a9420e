import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a valid upgrade request asks for. */
export interface UpgradeRequest {
  /** Value of the `sec-websocket-accept` header that answers it. */
  readonly accept: string;
  /** Subprotocols in the client's order of preference, bearer entries left out. */
  readonly subprotocols: readonly string[];
  /** Token of the `authorization: Bearer` header, else of a `signalbox.bearer.<token>` subprotocol entry, else ''. */
  readonly bearerToken: string;
}

/** Why a request is not upgraded: an HTTP response. */
export interface Refusal {
  readonly status: 400 | 405 | 426 | 505;
  /** Said in the body, for the developer of the client. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The only header a browser can set on a WebSocket: an entry of this form carries the token, and is never selected. */
const BEARER_ENTRY = 'signalbox.bearer.';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Validates an upgrade request (RFC 6455 section 4.2.1). */
export function readUpgrade(request: IncomingMessage): UpgradeRequest | Refusal {
  const { headers } = request;
  if (request.method !== 'GET') {
    return { status: 405, detail: 'A WebSocket is opened with GET.', headers: { allow: 'GET' } };
  }
  if (request.httpVersionMajor !== 1 || request.httpVersionMinor < 1) {
    return { status: 505, detail: 'A WebSocket is opened over HTTP/1.1.' };
  }
  if (!hasToken(headers.upgrade, 'websocket') || !hasToken(headers.connection, 'upgrade')) {
    const headers = { connection: 'close, upgrade', upgrade: 'websocket' };
    return { status: 426, detail: 'This address takes WebSockets: send `Upgrade: websocket`.', headers };
  }
  if (headers['sec-websocket-version'] !== '13') {
    const headers = { 'sec-websocket-version': '13' };
    return { status: 426, detail: 'Sec-WebSocket-Version must be 13 (RFC 6455).', headers };
  }
  const key = headers['sec-websocket-key'] ?? '';
  if (!KEY.test(key)) return { status: 400, detail: 'Sec-WebSocket-Key must be 16 bytes in base64.' };
  const entries = readSubprotocols(headers['sec-websocket-protocol']);
  if (entries === undefined) {
    return { status: 400, detail: 'Sec-WebSocket-Protocol must be a list of different tokens.' };
  }
  return {
    accept: createHash('sha1').update(key).update(GUID).digest('base64'),
    subprotocols: entries.filter((entry) => !entry.startsWith(BEARER_ENTRY)),
    bearerToken: bearerToken(headers.authorization, entries),
  };
}

/** The `101 Switching Protocols` response. `subprotocol` undefined: none was offered. */
export function acceptResponse(accept: string, subprotocol: string | undefined): string {
  const selected = subprotocol === undefined ? '' : `sec-websocket-protocol: ${subprotocol}\r\n`;
  return `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n${selected}\r\n`;
}

const STATUS_TEXT: Readonly<Record<Refusal['status'], string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  426: 'Upgrade Required',
  505: 'HTTP Version Not Supported',
};

/** A whole HTTP response with the refusal's detail as its plain-text body. */
export function refusalResponse(refusal: Refusal): string {
  const body = `${refusal.detail}\n`;
  const headers = {
    connection: 'close',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    ...refusal.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} ${STATUS_TEXT[refusal.status]}\r\n${lines.join('')}\r\n${body}`;
}

function hasToken(header: string | undefined, token: string): boolean {
  return (header ?? '').split(',').some((entry) => entry.trim().toLowerCase() === token);
}

/** The entries of `sec-websocket-protocol`, [] without the header, undefined when it is malformed. */
function readSubprotocols(header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return [];
  const entries = header.split(',').map((entry) => entry.trim());
  const valid = entries.every((entry) => TOKEN.test(entry)) && new Set(entries).size === entries.length;
  return valid ? entries : undefined;
}

function bearerToken(authorization: string | undefined, entries: readonly string[]): string {
  const header = /^bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1];
  if (header !== undefined) return header;
  const entry = entries.find((candidate) => candidate.startsWith(BEARER_ENTRY));
  return entry?.slice(BEARER_ENTRY.length) ?? '';
}
