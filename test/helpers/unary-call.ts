import { connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { framed } from '../lanes/envelope/raw-client.ts';
import { envelopeReader } from './envelope-stream.ts';
import type { LaneEnd } from './lane-client.ts';
import { nameOfCode } from './lane-end.ts';

export const unaryProtocols = ['grpc', 'grpc-web', 'connect', 'connect-json'] as const;
export type UnaryProtocol = (typeof unaryProtocols)[number];

/** What became of a unary call. */
export interface UnaryOutcome {
  /** Name of the gRPC code, lower case; `http-404` and the like where only HTTP has answered. */
  readonly code: string;
  readonly message: string;
  /** The response message, encoded as the protocol says; empty with an error. */
  readonly response: Uint8Array;
  /** Connect: the error's details. */
  readonly details: readonly { readonly type: string; readonly value: Uint8Array }[];
}

const types: Readonly<Record<UnaryProtocol, string>> = {
  grpc: 'application/grpc+proto',
  'grpc-web': 'application/grpc-web+proto',
  connect: 'application/proto',
  'connect-json': 'application/json',
};

export interface UnaryCall {
  readonly url: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly protocol: UnaryProtocol;
  /** The request message, well formed or not. */
  readonly request: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One unary call with whatever bytes for a message: gRPC over HTTP/2, the others over HTTP/1.1. */
export async function callUnary(call: UnaryCall): Promise<UnaryOutcome> {
  const request = Buffer.from(call.request as string);
  const headers = { 'content-type': types[call.protocol], ...call.headers };
  if (call.protocol === 'grpc') return callGrpc(call, framed(request), headers);
  const isWeb = call.protocol === 'grpc-web';
  const answer = await fetch(`${call.url}${call.path}`, {
    method: 'POST',
    headers,
    body: new Uint8Array(isWeb ? framed(request) : request),
  });
  const body = new Uint8Array(await answer.arrayBuffer());
  return isWeb ? readWeb(answer, body) : readConnect(answer, body);
}

function readWeb(answer: Response, body: Uint8Array): UnaryOutcome {
  let response: Uint8Array = new Uint8Array(0);
  const status = answer.headers.get('grpc-status');
  let end: LaneEnd = { code: `http-${answer.status}`, message: '' };
  if (status !== null)
    end = { code: nameOfCode(Number(status)), message: messageOf(answer.headers.get('grpc-message')) };
  const read = envelopeReader(
    'grpc-web',
    false,
    {
      message: (bytes) => {
        response = bytes as Uint8Array;
      },
      ended() {},
    },
    (found) => {
      end = found;
    },
  );
  if (answer.ok) read(body);
  return { ...end, response, details: [] };
}

function readConnect(answer: Response, body: Uint8Array): UnaryOutcome {
  if (answer.ok) return { code: 'ok', message: '', response: body, details: [] };
  const text = Buffer.from(body).toString();
  const { code, message, details } = (text.startsWith('{') ? JSON.parse(text) : {}) as {
    code?: string;
    message?: string;
    details?: { type: string; value: string }[];
  };
  return {
    code: code ?? `http-${answer.status}`,
    message: message ?? '',
    response: new Uint8Array(0),
    details: (details ?? []).map(({ type, value }) => ({
      type,
      value: new Uint8Array(Buffer.from(value, 'base64')),
    })),
  };
}

function callGrpc(
  { url, path }: UnaryCall,
  body: Uint8Array,
  headers: Record<string, string>,
): Promise<UnaryOutcome> {
  const session = connect(url);
  return new Promise<UnaryOutcome>((resolve) => {
    const chunks: Buffer[] = [];
    let end: LaneEnd = { code: 'none', message: '' };
    const read = (fields: IncomingHttpHeaders) => {
      const status = fields['grpc-status'];
      if (status !== undefined)
        end = { code: nameOfCode(Number(status)), message: messageOf(fields['grpc-message']) };
      else if (fields[':status'] !== undefined && String(fields[':status']) !== '200')
        end = { code: `http-${fields[':status']}`, message: '' };
    };
    session.on('error', () => {});
    const stream = session.request({ ':method': 'POST', ':path': path, te: 'trailers', ...headers });
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    // With the trailers the call is over, whatever of the request is still on its way.
    stream.on('end', () => stream.close(constants.NGHTTP2_CANCEL));
    stream.on('close', () => {
      session.destroy();
      resolve({ ...end, response: new Uint8Array(Buffer.concat(chunks).subarray(5)), details: [] });
    });
    stream.end(body);
  });
}

function messageOf(field: string | string[] | null | undefined): string {
  return decodeURIComponent(String(field ?? ''));
}
