import { setTimeout as delay } from 'node:timers/promises';
import { create, type Message, type MessageInitShape } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { type Code, ConnectError } from '@connectrpc/connect';
import {
  type BidiStreamRequest,
  BidiStreamRequestSchema,
  BidiStreamResponseSchema,
  type ClientStreamRequest,
  ClientStreamRequestSchema,
  type ClientStreamResponseSchema,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type ConformancePayloadSchema,
  type Error as ErrorDefinition,
  type Header,
  type IdempotentUnaryRequest,
  IdempotentUnaryRequestSchema,
  type ServerStreamRequest,
  ServerStreamRequestSchema,
  type ServerStreamResponseSchema,
  type UnaryRequest,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from '../gen/connectrpc/conformance/v1/service_pb.ts';
import type { ImplContext } from '../impl-on-lane.ts';

// connectrpc.conformance.v1.ConformanceService after docs/testing_servers.md of the conformance suite. Written once, for
// Connect's router and, by impl-on-lane.ts, for the envelope lane: what differs between the two is not the service.

/** A unary call has its URL, for Connect's GET. */
export type UnaryContext = ImplContext & { readonly url: string; readonly requestMethod: string };

export const unaryImpl = {
  unary: (request: UnaryRequest, context: UnaryContext) =>
    answerUnary(anyPack(UnaryRequestSchema, request), request.responseDefinition, context),
  idempotentUnary: (request: IdempotentUnaryRequest, context: UnaryContext) =>
    answerUnary(anyPack(IdempotentUnaryRequestSchema, request), request.responseDefinition, context),
};

async function answerUnary(
  request: Any,
  definition: UnaryResponseDefinition | undefined,
  context: UnaryContext,
): Promise<{ payload: MessageInitShape<typeof ConformancePayloadSchema> }> {
  const info = requestInfo(context, [request]);
  if (context.requestMethod === 'GET') {
    const query = new URL(context.url).searchParams;
    const names = [...new Set(query.keys())];
    info.connectGetInfo = {
      $typeName: 'connectrpc.conformance.v1.ConformancePayload.ConnectGetInfo',
      queryParams: names.map((name) => header(name, query.getAll(name))),
    };
  }
  return { payload: await payloadOf(definition, info, context) };
}

async function payloadOf(
  definition: UnaryResponseDefinition | undefined,
  info: ConformancePayload_RequestInfo,
  context: ImplContext,
) {
  setMetadata(definition, context);
  if (definition !== undefined) await pause(definition.responseDelayMs, context);
  if (definition?.response.case === 'error') throw errorOf(definition.response.value, info);
  const data = definition?.response.case === 'responseData' ? definition.response.value : new Uint8Array();
  return { data, requestInfo: info };
}

/** The client-streaming method, in both shapes. */
export async function clientStream(
  requests: AsyncIterable<ClientStreamRequest>,
  context: ImplContext,
): Promise<MessageInitShape<typeof ClientStreamResponseSchema>> {
  const all: Any[] = [];
  let definition: UnaryResponseDefinition | undefined;
  for await (const request of requests) {
    if (all.length === 0) definition = request.responseDefinition;
    all.push(anyPack(ClientStreamRequestSchema, request));
  }
  return { payload: await payloadOf(definition, requestInfo(context, all), context) };
}

export async function* serverStream(
  request: ServerStreamRequest,
  context: ImplContext,
): AsyncGenerator<MessageInitShape<typeof ServerStreamResponseSchema>> {
  const definition = request.responseDefinition;
  if (definition === undefined) return;
  const info = requestInfo(context, [anyPack(ServerStreamRequestSchema, request)]);
  setMetadata(definition, context);
  for (const [index, data] of definition.responseData.entries()) {
    await pause(definition.responseDelayMs, context);
    yield { payload: index === 0 ? { data, requestInfo: info } : { data } };
  }
  if (definition.error !== undefined) {
    throw errorOf(definition.error, definition.responseData.length === 0 ? info : undefined);
  }
}

export async function* bidiStream(
  requests: AsyncIterable<BidiStreamRequest>,
  context: ImplContext,
): AsyncGenerator<MessageInitShape<typeof BidiStreamResponseSchema>> {
  let definition: BidiStreamRequest['responseDefinition'];
  let fullDuplex = false;
  let first = true;
  let sent = 0;
  let seen: Any[] = [];
  const next = async () => {
    const data = definition?.responseData[sent] ?? new Uint8Array();
    await pause(definition?.responseDelayMs ?? 0, context);
    const info =
      sent === 0
        ? requestInfo(context, seen)
        : create(ConformancePayload_RequestInfoSchema, { requests: seen });
    const bare = sent > 0 && !fullDuplex;
    sent++;
    return create(BidiStreamResponseSchema, { payload: bare ? { data } : { data, requestInfo: info } });
  };
  for await (const request of requests) {
    seen.push(anyPack(BidiStreamRequestSchema, request));
    if (first) {
      definition = request.responseDefinition;
      fullDuplex = request.fullDuplex;
      first = false;
      setMetadata(definition, context);
    }
    if (!fullDuplex) continue;
    if (sent >= (definition?.responseData.length ?? 0)) break;
    yield await next();
    seen = [];
  }
  while (sent < (definition?.responseData.length ?? 0)) {
    yield await next();
    seen = [];
  }
  if (definition?.error !== undefined) {
    throw errorOf(definition.error, sent === 0 ? requestInfo(context, seen) : undefined);
  }
}

async function pause(ms: number, { signal }: ImplContext): Promise<void> {
  if (ms === 0) return;
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw signal.reason;
  }
}

function setMetadata(
  definition: { readonly responseHeaders: Header[]; readonly responseTrailers: Header[] } | undefined,
  context: ImplContext,
): void {
  for (const { name, value } of definition?.responseHeaders ?? []) {
    for (const one of value) context.responseHeader.append(name, one);
  }
  for (const { name, value } of definition?.responseTrailers ?? []) {
    for (const one of value) context.responseTrailer.append(name, one);
  }
}

function requestInfo(context: ImplContext, requests: Any[]): ConformancePayload_RequestInfo {
  const requestHeaders: Header[] = [];
  context.requestHeader.forEach((value, name) => {
    requestHeaders.push(header(name, [value]));
  });
  const timeout = context.timeoutMs();
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders,
    requests,
    ...(timeout === undefined ? {} : { timeoutMs: BigInt(Math.round(timeout)) }),
  });
}

function header(name: string, value: string[]): Header {
  return { $typeName: 'connectrpc.conformance.v1.Header', name, value };
}

function errorOf(
  definition: ErrorDefinition,
  info: ConformancePayload_RequestInfo | undefined,
): ConnectError {
  const error = new ConnectError(definition.message ?? '', definition.code as number as Code);
  error.details = definition.details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf('/') + 1),
    value,
  }));
  if (info !== undefined) {
    error.details.push({ desc: ConformancePayload_RequestInfoSchema, value: info as Message });
  }
  return error;
}
