import { create, fromBinary, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import {
  ReceiveFramesRequestSchema,
  SendFramesResponseSchema,
} from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { framed } from '../lanes/envelope/raw-client.ts';
import { contentTypes, EnvelopeStream, envelopeReader, headersOf, service } from './envelope-stream.ts';
import type { LaneClient, LaneEnd, LaneOptions, LaneSink, LaneTransport } from './lane-client.ts';
import { fieldsOf } from './wire-fields.ts';

export type HalvesKind = 'halves-grpc-web' | 'halves-connect' | 'halves-fetch';

/** ReceiveFrames in one call, each message in a SendFrames call behind the one before. */
export function openHalves(kind: HalvesKind, options: LaneOptions, client: LaneClient): LaneTransport {
  const protocol = kind === 'halves-grpc-web' ? 'grpc-web' : 'connect';
  const hello = { token: options.token ?? '', ...options.hello };
  const request = toBinary(
    ReceiveFramesRequestSchema,
    create(ReceiveFramesRequestSchema, { hello, frames: [...(options.first ?? [])] }),
  );
  const receive =
    kind === 'halves-fetch'
      ? fetchStream(options, request, client.sink)
      : new EnvelopeStream('ReceiveFrames', protocol, false, options, client.sink);
  if (receive instanceof EnvelopeStream) {
    receive.message(request);
    receive.halfClose();
  }
  let sending: Promise<void> = client.until('welcome').then(
    () => {},
    () => {},
  );
  return {
    // What comes is a ConnectRequest: its field 1 is a frame, which is field 3 of a SendFramesRequest.
    message(message) {
      const frames = fieldsOf(Buffer.from(message as string)).map(({ content }) => content);
      sending = sending.then(() => sendFrames(client, options.url, protocol, frames));
    },
    cancel: () => receive.cancel(),
    halfClose: () => receive.halfClose(),
    drop: () => receive.drop(),
    reset: () => receive.reset(),
  };
}

/** Outcome of one SendFrames call. */
export interface SendOutcome {
  readonly code: string;
  readonly message: string;
  readonly ack: number;
  /** Bodies of the details, encoded. */
  readonly details: readonly { readonly type: string; readonly value: Uint8Array }[];
}

/** One SendFrames call with whatever bytes for a request. */
export async function callSendFrames(
  url: string,
  protocol: 'grpc-web' | 'connect' | 'connect-json',
  request: Uint8Array | string,
): Promise<SendOutcome> {
  const type = {
    'grpc-web': contentTypes['grpc-web'],
    connect: 'application/proto',
    'connect-json': 'application/json',
  };
  const body =
    protocol === 'grpc-web' ? framed(Buffer.from(request as string)) : Buffer.from(request as string);
  const answer = await fetch(`${url}${service}/SendFrames`, {
    method: 'POST',
    headers: { 'content-type': type[protocol] },
    body: new Uint8Array(body),
  });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (protocol === 'grpc-web') {
    let message: Uint8Array | undefined;
    let end: LaneEnd = { code: 'none', message: '' };
    const sink: LaneSink = {
      message: (it) => {
        message = it as Uint8Array;
      },
      ended: () => {},
    };
    envelopeReader('grpc-web', false, sink, (found) => {
      end = found;
    })(bytes);
    const ack = message === undefined ? 0 : fromBinary(SendFramesResponseSchema, message).ack;
    return { ...end, ack, details: [] };
  }
  if (answer.ok) {
    const response =
      protocol === 'connect'
        ? fromBinary(SendFramesResponseSchema, bytes)
        : fromJson(SendFramesResponseSchema, JSON.parse(Buffer.from(bytes).toString()) as JsonValue);
    return { code: 'ok', message: '', ack: response.ack, details: [] };
  }
  const error = JSON.parse(Buffer.from(bytes).toString() || '{}') as {
    code?: string;
    message?: string;
    details?: { type: string; value: string }[];
  };
  return {
    code: error.code ?? `http-${answer.status}`,
    message: error.message ?? '',
    ack: 0,
    details: (error.details ?? []).map(({ type: name, value }) => ({
      type: name,
      value: new Uint8Array(Buffer.from(value, 'base64')),
    })),
  };
}

async function sendFrames(
  client: LaneClient,
  url: string,
  protocol: 'grpc-web' | 'connect',
  frames: readonly Uint8Array[],
): Promise<void> {
  const welcome = client.frames.find(({ body }) => body.case === 'welcome')?.body;
  const key = welcome?.case === 'welcome' ? welcome.value.sendKey : '';
  const parts = [lengthField(1, key), ...frames.map((frame) => lengthField(3, frame))];
  const outcome = await callSendFrames(url, protocol, new Uint8Array(Buffer.concat(parts))).catch(
    () => undefined,
  );
  if (outcome !== undefined) client.called(outcome, outcome.ack);
}

/** ReceiveFrames by `fetch`, as a browser does it, over HTTP/1.1. */
function fetchStream(options: LaneOptions, request: Uint8Array, sink: LaneSink): LaneTransport {
  const abort = new AbortController();
  let end: LaneEnd | undefined;
  const read = envelopeReader('connect', false, sink, (found) => {
    end = found;
  });
  const run = async (): Promise<void> => {
    const answer = await fetch(`${options.url}${service}/ReceiveFrames`, {
      method: 'POST',
      headers: { 'content-type': contentTypes.connect, ...headersOf('connect', options) },
      body: new Uint8Array(framed(request)),
      signal: abort.signal,
    });
    if (answer.status !== 200) end = { code: `http-${answer.status}`, message: '' };
    for await (const chunk of answer.body ?? []) read(chunk);
  };
  run()
    .catch(() => {})
    .finally(() => sink.ended(end ?? { code: 'none', message: 'aborted' }));
  const give = () => abort.abort();
  return { message() {}, cancel: give, halfClose() {}, drop: give, reset: give };
}
