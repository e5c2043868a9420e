import type { IncomingHttpHeaders } from 'node:http';

/** Header fields on their way to Node's HTTP layers. Names are lower case. */
export type HeaderFields = Record<string, string>;

/** Fields that HTTP/2 forbids (RFC 9113, 8.2.2) and that belong to the hop, not to the call. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'http2-settings',
]);

// Everything but what Node accepts in a field value.
const refused = /[^\t\x20-\x7e\x80-\xff]/g;
const token = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/**
 * Copies metadata into header fields that Node accepts without throwing: a value's forbidden characters become `?`,
 * fields that no HTTP message may carry are left out.
 */
export function addFields(
  target: HeaderFields,
  source: Headers | Readonly<Record<string, string>> | undefined,
): void {
  if (source === undefined) return;
  if (source instanceof Headers) {
    source.forEach((value, name) => {
      addField(target, name, value);
    });
    return;
  }
  for (const name of Object.keys(source)) addField(target, name.toLowerCase(), source[name] ?? '');
}

function addField(target: HeaderFields, name: string, value: string): void {
  if (hopByHop.has(name) || !token.test(name)) return;
  target[name] = value.replace(refused, '?');
}

/** The value of a request header as one string; repeated fields are joined as HTTP says. */
export function fieldValue(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Request metadata as `Headers`: no pseudo-headers, and no field that would make `Headers` throw. */
export function toHeaders(fields: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const name of Object.keys(fields)) {
    if (name.startsWith(':') || !token.test(name)) continue;
    const value = fields[name];
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  return headers;
}
