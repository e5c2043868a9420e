import { create, fromBinary, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import {
  ReceiveFramesRequestSchema,
  SendFramesResponseSchema,
} from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { framed } from '../lanes/envelope/raw-client.ts';
import { contentTypes, EnvelopeStream, envelopeReader, headersOf, service } from './envelope-stream.ts';
import type { LaneClient, LaneEnd, LaneOptions, LaneSink, LaneTransport } from './lane-client.ts';
import { callUnary, type UnaryOutcome, type UnaryProtocol } from './unary-call.ts';
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
export interface SendOutcome extends UnaryOutcome {
  readonly ack: number;
}

/** One SendFrames call with whatever bytes for a request. */
export async function callSendFrames(
  url: string,
  protocol: UnaryProtocol,
  request: Uint8Array | string,
): Promise<SendOutcome> {
  const outcome = await callUnary({ url, path: `${service}/SendFrames`, protocol, request });
  if (outcome.code !== 'ok') return { ...outcome, ack: 0 };
  const { ack } =
    protocol === 'connect-json'
      ? fromJson(SendFramesResponseSchema, JSON.parse(Buffer.from(outcome.response).toString()) as JsonValue)
      : fromBinary(SendFramesResponseSchema, outcome.response);
  return { ...outcome, ack };
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
