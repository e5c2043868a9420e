import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import { framed } from '../lanes/envelope/raw-client.ts';
import type { LaneEnd, LaneOptions, LaneSink, LaneTransport } from './lane-client.ts';
import { nameOfCode, readTrailers } from './lane-end.ts';

export type StreamProtocol = 'grpc' | 'grpc-web' | 'connect';

export const service = '/signalbox.v1.SignalingService';
export const contentTypes = {
  grpc: 'application/grpc+proto',
  'grpc-web': 'application/grpc-web+proto',
  connect: 'application/connect+proto',
} as const;

export function headersOf(
  protocol: StreamProtocol,
  { headers, timeoutMs }: LaneOptions,
): Record<string, string> {
  const timeout =
    timeoutMs === undefined
      ? {}
      : protocol === 'connect'
        ? { 'connect-timeout-ms': String(timeoutMs) }
        : { 'grpc-timeout': `${timeoutMs}m` };
  return { ...(protocol === 'grpc' ? { te: 'trailers' } : {}), ...timeout, ...headers };
}

/** One streaming call over an HTTP/2 connection of its own. */
export class EnvelopeStream implements LaneTransport {
  readonly socket: Socket;
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;

  constructor(
    rpc: 'Connect' | 'ReceiveFrames',
    protocol: StreamProtocol,
    isJson: boolean,
    options: LaneOptions,
    sink: LaneSink,
  ) {
    const { hostname, port } = new URL(options.url);
    this.socket = connectSocket({ host: hostname, port: Number(port), noDelay: true });
    this.session = connect(options.url, { createConnection: () => this.socket });
    this.session.on('error', () => {});
    const type = contentTypes[protocol];
    this.stream = this.session.request({
      ':method': 'POST',
      ':path': `${service}/${rpc}`,
      'content-type': isJson ? type.replace('proto', 'json') : type,
      ...headersOf(protocol, options),
    });
    readEnvelopes(this.stream, protocol, isJson, sink, () => this.session.destroy());
  }

  message(request: Uint8Array | string): void {
    this.raw(framed(Buffer.from(request as string)));
  }

  /** Bytes as they are, behind whatever went before. */
  raw(bytes: Uint8Array): void {
    if (!this.stream.writableEnded && !this.stream.destroyed) this.stream.write(bytes);
  }

  cancel(): void {
    this.stream.close(constants.NGHTTP2_CANCEL);
  }

  halfClose(): void {
    this.stream.end();
  }

  drop(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

function readEnvelopes(
  stream: ClientHttp2Stream,
  protocol: StreamProtocol,
  isJson: boolean,
  sink: LaneSink,
  over: () => void,
): void {
  let end: LaneEnd | undefined;
  const fromFields = (fields: IncomingHttpHeaders) => {
    const code = fields['grpc-status'];
    if (code !== undefined) {
      end = {
        code: nameOfCode(Number(code)),
        message: decodeURIComponent(String(fields['grpc-message'] ?? '')),
      };
    }
  };
  stream.on('error', () => {});
  stream.on('response', (fields) => {
    if (fields[':status'] === 200) fromFields(fields);
    else end = { code: `http-${fields[':status']}`, message: '' };
  });
  stream.on('trailers', fromFields);
  stream.on('close', () => {
    sink.ended(end ?? { code: 'none', message: `reset ${stream.rstCode}` });
    over();
  });
  stream.on(
    'data',
    envelopeReader(protocol, isJson, sink, (found) => {
      end = found;
    }),
  );
}

/** Reads envelopes from chunks; the last one may tell the end. */
export function envelopeReader(
  protocol: StreamProtocol,
  isJson: boolean,
  sink: LaneSink,
  ended: (end: LaneEnd) => void,
): (chunk: Uint8Array) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 5 && held.length >= 5 + held.readUInt32BE(1)) {
      const flags = held[0] ?? 0;
      const stop = 5 + held.readUInt32BE(1);
      const bytes = new Uint8Array(held.subarray(5, stop));
      held = held.subarray(stop);
      if (flags === 0) sink.message(isJson ? Buffer.from(bytes).toString() : bytes);
      else ended(readTrailers(protocol, Buffer.from(bytes).toString()));
    }
  };
}
