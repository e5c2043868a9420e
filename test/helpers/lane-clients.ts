import { WebSocket } from 'ws';
import { EnvelopeStream, type StreamProtocol } from './envelope-stream.ts';
import { type HalvesKind, openHalves } from './halves-lane.ts';
import { LaneClient, type LaneOptions, type LaneSink, type LaneTransport } from './lane-client.ts';
import { nameOfCode } from './lane-end.ts';

export const laneKinds = [
  'grpc',
  'grpc-web',
  'connect',
  'connect-json',
  'ws-proto',
  'ws-json',
  'halves-grpc-web',
  'halves-connect',
  'halves-fetch',
] as const;
export type LaneKind = (typeof laneKinds)[number];

/** A client on a new connection of its own. */
export async function openLane(kind: LaneKind, options: LaneOptions): Promise<LaneClient> {
  const client = new LaneClient(options, kind.endsWith('json'));
  if (kind === 'ws-proto' || kind === 'ws-json') client.start(await openSocket(kind, options, client.sink));
  else if (kind.startsWith('halves')) {
    client.start(openHalves(kind as HalvesKind, options, client));
    return client;
  } else {
    const isJson = kind === 'connect-json';
    const protocol = isJson ? 'connect' : (kind as StreamProtocol);
    client.start(new EnvelopeStream('Connect', protocol, isJson, options, client.sink));
  }
  if (options.greet !== false) {
    client.sendInit({ body: { case: 'hello', value: { token: options.token ?? '', ...options.hello } } });
    for (const frame of options.first ?? []) client.sendInit(frame);
  }
  return client;
}

async function openSocket(
  kind: 'ws-proto' | 'ws-json',
  options: LaneOptions,
  sink: LaneSink,
): Promise<LaneTransport> {
  const socket = new WebSocket(`${options.url.replace('http', 'ws')}/ws`, `signalbox.v1.${kind.slice(3)}`, {
    headers: { ...options.headers },
  });
  socket.on('message', (data: Buffer, isBinary) =>
    sink.message(isBinary ? new Uint8Array(data) : data.toString()),
  );
  socket.on('close', (closeCode, reason) => {
    const code = closeCode >= 4000 ? nameOfCode(closeCode - 4000) : closeCode === 1000 ? 'ok' : 'none';
    sink.ended({ code, message: reason.toString(), closeCode });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  const under = () => (socket as unknown as { _socket: import('node:net').Socket })._socket;
  return {
    message: (request) => socket.send(request),
    cancel: () => socket.close(1000),
    halfClose: () => under().end(),
    drop: () => socket.terminate(),
    reset: () => under().resetAndDestroy(),
  };
}
