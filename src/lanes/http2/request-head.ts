import type { IncomingHttpHeaders } from 'node:http';

const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** RFC 9113, section 8.2.1: neither control characters nor white space at the ends. */
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const methodToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const schemeToken = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
const visible = /^[\x21-\x7e\x80-\xff]+$/;

/** RFC 9113, section 8.2.2. */
const ofConnections: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Fields that are said once: of those that are repeated the first counts, as Node has it (lib/internal/http2/util.js). */
const single: ReadonlySet<string> = new Set([
  'access-control-request-method',
  'authorization',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-type',
  'date',
  'dnt',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'upgrade-insecure-requests',
  'user-agent',
]);

/** The header section of a request that is well-formed (RFC 9113, sections 8.2 and 8.3). */
export class RequestHead {
  /** Names and values in turn, pseudo-headers first. */
  readonly fields: readonly string[];
  readonly method: string;
  /** '' with CONNECT. */
  readonly path: string;
  /** '' where there is none. */
  readonly authority: string;
  /** What the client expects before it sends its content (RFC 9110, section 10.1.1); undefined: nothing. */
  readonly expectation: string | undefined;
  /** What the client says that its content has, in bytes; -1: nothing. */
  readonly contentLength: number;

  constructor(
    fields: readonly string[],
    pseudo: PseudoFields,
    expectation: string | undefined,
    contentLength: number,
  ) {
    this.fields = fields;
    this.method = pseudo[':method'] ?? '';
    this.path = pseudo[':path'] ?? '';
    this.authority = pseudo[':authority'] ?? '';
    this.expectation = expectation;
    this.contentLength = contentLength;
  }

  /** As Node has them, pseudo-headers too: repeated ones are joined. */
  headers(): IncomingHttpHeaders {
    const headers: IncomingHttpHeaders = Object.create(null);
    const { fields } = this;
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] ?? '';
      const value = fields[i + 1] ?? '';
      const known = headers[name];
      if (name === 'set-cookie') headers[name] = [...(headers[name] ?? []), value];
      else if (known === undefined) headers[name] = value;
      else if (!single.has(name)) headers[name] = `${known}${name === 'cookie' ? '; ' : ', '}${value}`;
    }
    return headers;
  }
}

type PseudoName = ':method' | ':scheme' | ':path' | ':authority';
type PseudoFields = Partial<Record<PseudoName, string>>;

/** What a request says in the fields of its header section; undefined: it is malformed (RFC 9113, section 8.1.1). */
export function readRequestHead(fields: readonly string[]): RequestHead | undefined {
  const pseudo: PseudoFields = {};
  let isBehindPseudo = false;
  let expectation: string | undefined;
  let contentLength = -1;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    if (name.startsWith(':')) {
      if (isBehindPseudo || !isPseudo(name) || pseudo[name] !== undefined) return undefined;
      if (!fieldValue.test(value)) return undefined;
      pseudo[name] = value;
      continue;
    }
    isBehindPseudo = true;
    if (!isField(name, value)) return undefined;
    if (name === 'expect') expectation = value.toLowerCase();
    if (name !== 'content-length') continue;
    if (contentLength >= 0 || !/^\d{1,15}$/.test(value)) return undefined;
    contentLength = Number(value);
  }
  return areGood(pseudo) ? new RequestHead(fields, pseudo, expectation, contentLength) : undefined;
}

/** Whether a trailer section is well-formed: it has no pseudo-headers (RFC 9113, section 8.1). */
export function areTrailers(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (!isField(fields[i] ?? '', fields[i + 1] ?? '')) return false;
  }
  return true;
}

function isField(name: string, value: string): boolean {
  if (!fieldName.test(name) || !fieldValue.test(value) || ofConnections.has(name)) return false;
  return name !== 'te' || value.toLowerCase() === 'trailers';
}

function isPseudo(name: string): name is PseudoName {
  return name === ':method' || name === ':path' || name === ':scheme' || name === ':authority';
}

function areGood(pseudo: PseudoFields): boolean {
  const { ':method': method, ':scheme': scheme, ':path': path, ':authority': authority } = pseudo;
  if (method === undefined || !methodToken.test(method)) return false;
  if (authority !== undefined && authority !== '' && !visible.test(authority)) return false;
  // RFC 9113, section 8.5.
  if (method === 'CONNECT') return scheme === undefined && path === undefined && (authority ?? '') !== '';
  if (scheme === undefined || !schemeToken.test(scheme) || path === undefined || !visible.test(path))
    return false;
  return path.startsWith('/') || (path === '*' && method === 'OPTIONS');
}
