/** A bidirectional relay on `@grpc/grpc-js` as its guide writes one: the schema loaded at run time, a handler a stream. */
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { type Heard, Relay, type Said } from './relay.ts';

/** Frames as `@grpc/proto-loader` gives them. */
interface Signal {
  readonly to: string;
}
interface Request {
  readonly frame: {
    readonly hello?: { readonly deviceId: string };
    readonly join?: { readonly room: string };
    readonly leave?: { readonly room: string };
    readonly signal?: Signal;
  };
}

const definition = loadSync('signalbox/v1/signaling_service.proto', {
  includeDirs: [new URL('../../proto', import.meta.url).pathname],
  longs: String,
  enums: String,
  oneofs: true,
});
interface Loaded {
  readonly signalbox: { readonly v1: { readonly SignalingService: { readonly service: ServiceDefinition } } };
}
const { signalbox } = loadPackageDefinition(definition) as unknown as Loaded;

const relay = new Relay<Signal>();
const server = new Server();
server.addService(signalbox.v1.SignalingService.service, {
  connect(stream: ServerDuplexStream<Request, object>) {
    const client = relay.enter((heard) => stream.write({ frame: frameOf(heard) }));
    stream.on('data', (request: Request) => {
      const said = read(request);
      if (said !== undefined) client.take(said);
    });
    stream.on('end', () => stream.end());
    stream.on('error', () => client.gone());
    stream.on('close', () => client.gone());
  },
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`listening on http://127.0.0.1:${port}`);
});
process.on('SIGTERM', () => process.exit(0));

function read({ frame: { hello, join, leave, signal } }: Request): Said<Signal> | undefined {
  if (signal !== undefined) return { kind: 'signal', to: signal.to, signal };
  if (hello !== undefined) return { kind: 'hello', name: hello.deviceId };
  if (join !== undefined) return { kind: 'join', room: join.room };
  return leave && { kind: 'leave', room: leave.room };
}

function frameOf(heard: Heard<Signal>): object {
  switch (heard.kind) {
    case 'signal':
      return { origin: { sender: heard.sender }, signal: heard.signal };
    case 'welcome':
      return { welcome: { sessionId: heard.session } };
    case 'joined':
      return { joined: { room: heard.room, participant: { id: heard.participant } } };
    case 'left':
      return { left: { room: heard.room } };
  }
}
