import type { HttpAnswer } from './rpc-verdict.ts';

/** HTTP/1.1 answers one after another (RFC 9112). A text: what is wrong with them. What is cut off is left out. */
export function readHttp1(bytes: Buffer, isHead: boolean): HttpAnswer[] | string {
  const answers: HttpAnswer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return rest.subarray(0, 5).toString() === 'HTTP/' ? answers : 'no status line';
    const [line = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n');
    const status = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(line)?.[1];
    if (status === undefined) return `status line ${JSON.stringify(line)}`;
    const headers = readFields(lines);
    if (typeof headers === 'string') return headers;
    rest = rest.subarray(headEnd + 4);
    const code = Number(status);
    if (code === 101)
      return [...answers, { status: code, headers, trailers: undefined, body: rest, isEnded: false }];
    if (code < 200) continue;
    const bare = (isHead && !UNREAD.has(code)) || code === 204 || code === 304;
    const body: Body | string = bare ? nothing : readBody(rest, headers);
    if (typeof body === 'string') return body;
    const { bytes: content, trailers, isWhole } = body;
    answers.push({ status: code, headers, trailers, body: content, isEnded: isWhole });
    rest = rest.subarray(body.size);
  }
  return answers;
}

/** Answers to what is no HTTP: they are given before it is known to be a HEAD, and have a body. */
const UNREAD = new Set([400, 408, 413, 431]);

interface Body {
  readonly bytes: Buffer;
  /** Bytes that it takes up, framing included. */
  readonly size: number;
  readonly isWhole: boolean;
  readonly trailers?: ReadonlyMap<string, string> | undefined;
}

const nothing: Body = { bytes: Buffer.alloc(0), size: 0, isWhole: true };

function readFields(lines: readonly string[]): Map<string, string> | string {
  const fields = new Map<string, string>();
  for (const text of lines) {
    const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) return `header line ${JSON.stringify(text)}`;
    fields.set(name.toLowerCase(), value.trim());
  }
  return fields;
}

function readBody(bytes: Buffer, headers: ReadonlyMap<string, string>): Body | string {
  const length = headers.get('content-length');
  if (headers.get('transfer-encoding') === 'chunked') {
    return length === undefined ? readChunks(bytes) : 'a length and chunks';
  }
  if (length === undefined) return { bytes, size: bytes.length, isWhole: true };
  if (!/^\d+$/.test(length)) return `content-length ${length}`;
  const size = Math.min(bytes.length, Number(length));
  return { bytes: bytes.subarray(0, size), size, isWhole: size === Number(length) };
}

function readChunks(bytes: Buffer): Body | string {
  const parts: Buffer[] = [];
  let at = 0;
  while (true) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return { bytes: Buffer.concat(parts), size: bytes.length, isWhole: false };
    const text = bytes.subarray(at, lineEnd).toString('latin1');
    if (!/^[0-9a-f]+$/i.test(text)) return `chunk size ${JSON.stringify(text)}`;
    const size = Number.parseInt(text, 16);
    // Trailer fields may stand behind the last chunk.
    const trailersEnd = size === 0 ? bytes.indexOf('\r\n\r\n', lineEnd) : -1;
    const end = size === 0 ? trailersEnd + 4 : lineEnd + 2 + size + 2;
    if (end > bytes.length || (size === 0 && trailersEnd < 0)) {
      return { bytes: Buffer.concat(parts), size: bytes.length, isWhole: false };
    }
    if (size === 0) {
      const lines = bytes.subarray(lineEnd + 2, Math.max(lineEnd + 2, trailersEnd)).toString('latin1');
      const trailers = lines === '' ? undefined : readFields(lines.split('\r\n'));
      if (typeof trailers === 'string') return trailers;
      return { bytes: Buffer.concat(parts), size: end, isWhole: true, trailers };
    }
    parts.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}
