import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { StreamRequest } from './connection.ts';
import type { Guard } from './guard.ts';
import { type Refusal, refuseStream } from './refusal.ts';
import type { RpcRoute, StreamServer } from './rpc-route.ts';

/**
 * Takes the rpcs of lanes from the HTTP/2 server before Node's compat layer and Fastify see them, which cost more than all
 * that a lane does for a call of `SendFrames`. To be called when the server has its `request` listener: the compat layer, which that
 * one brings, gets what is not taken here.
 */
export function routeStreams(http2: Http2Server, routes: readonly RpcRoute[], guard: Guard): void {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  const compat = http2.listeners('stream');
  http2.removeAllListeners('stream');
  http2.on('stream', (stream: ServerHttp2Stream, headers, flags, rawHeaders) => {
    const route = byPath.get(headers[':path'] ?? '');
    // Preflights, and what a client wants to hear before it sends a body, are Fastify's.
    const isPlainPost = headers[':method'] === 'POST' && headers.expect === undefined;
    if (route?.serveStream !== undefined && isPlainPost)
      serve(route, route.serveStream, guard, stream, headers);
    else for (const listener of compat) listener.call(http2, stream, headers, flags, rawHeaders);
  });
}

function serve(
  route: RpcRoute,
  serveStream: StreamServer,
  guard: Guard,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  // `close` follows. Node ends the process over an error that nobody listens to: also of a stream that is refused, or that was
  // opened and reset in one breath.
  stream.on('error', ignore);
  if (stream.destroyed) return;
  const request: StreamRequest = {
    stream,
    method: 'POST',
    url: route.path,
    authority: headers[':authority'] ?? '',
    headers,
  };
  const refused = guard.authority(request) ?? guard.originRefusal(request);
  if (refused !== undefined) {
    refuseStream(request, refused);
    return;
  }
  const cors = guard.corsFields(request);
  const refuse = (refusal: Refusal) =>
    refuseStream(request, { ...refusal, headers: { ...cors, ...refusal.headers } });
  const refusal = guard.refusal(request, route);
  if (refusal !== undefined) {
    refuse(refusal);
    return;
  }
  const admitted = guard.admit(request, route.kind);
  if (!('accepted' in admitted)) {
    refuse(admitted);
    return;
  }
  if (admitted.over !== undefined) stream.once('close', admitted.over);
  const fields = route.streamsResponse ? { ...cors, 'x-accel-buffering': 'no' } : cors;
  serveStream(request, guard.clientAddress(request), fields);
}

function ignore(): void {}
