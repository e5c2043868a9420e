import type { Http2Stream } from '../lanes/http2/http2-stream.ts';
import type { RequestHead } from '../lanes/http2/request-head.ts';
import type { Connection, LaneRequest } from './connection.ts';
import type { Guard } from './guard.ts';
import { type Refusal, refuseLane } from './refusal.ts';
import type { RpcRoute } from './rpc-route.ts';

/** The rpcs of lanes over HTTP/2, which no stream of Node's and no router sees: those cost more than all that a lane does. */
export class StreamRoutes {
  readonly #routes: ReadonlyMap<string, RpcRoute>;
  readonly #guard: Guard;

  constructor(routes: readonly RpcRoute[], guard: Guard) {
    const ours = routes.filter(({ serveStream }) => serveStream !== undefined);
    this.#routes = new Map(ours.map((route) => [route.path, route]));
    this.#guard = guard;
  }

  /** Preflights are Fastify's. */
  takes({ method, path }: RequestHead): boolean {
    return method === 'POST' && this.#routeOf(path) !== undefined;
  }

  /** As Fastify's router finds it: without the query, and decoded. */
  #routeOf(path: string): RpcRoute | undefined {
    const route = this.#routes.get(path);
    if (route !== undefined || !/[?#%]/.test(path)) return route;
    const [plain = ''] = path.split(/[?#]/, 1);
    try {
      return this.#routes.get(decodeURIComponent(plain));
    } catch {
      return undefined;
    }
  }

  /** Serves a request that `takes` said yes to. */
  serve(stream: Http2Stream, head: RequestHead, from: Connection): void {
    const route = this.#routeOf(head.path);
    if (route?.serveStream === undefined) return;
    const guard = this.#guard;
    const { method, path: url, authority } = head;
    const request: LaneRequest = { lane: stream, from, method, url, authority, headers: head.headers() };
    const refused = guard.authority(request) ?? guard.originRefusal(request);
    if (refused !== undefined) {
      refuseLane(request, refused);
      return;
    }
    const cors = guard.corsFields(request);
    const refuse = (refusal: Refusal) =>
      refuseLane(request, { ...refusal, headers: { ...cors, ...refusal.headers } });
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
    stream.whenOver = admitted.over;
    const fields = route.streamsResponse ? { ...cors, 'x-accel-buffering': 'no' } : cors;
    route.serveStream(request, guard.clientAddress(request), fields);
  }
}
