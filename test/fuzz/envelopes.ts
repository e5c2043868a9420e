import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { ClusterService } from '../../gen/signalbox/v1/cluster_service_pb.ts';
import { IceService } from '../../gen/signalbox/v1/ice_pb.ts';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import {
  ConnectRequestSchema,
  ReceiveFramesRequestSchema,
  SendFramesRequestSchema,
} from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { TokenService } from '../../gen/signalbox/v1/token_service_pb.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { corpus } from '../property/fuzz/corpus.ts';
import { mutate } from '../property/fuzz/mutate.ts';
import type { Random } from '../property/fuzz/random.ts';
import { describedInput, readDescription } from './kit/described.ts';
import { FuzzedGateway, lastingToken } from './kit/fuzzed-gateway.ts';
import { EDGES, glue, mutateBytes, resegment, shuffle } from './kit/mutate-bytes.ts';
import { judgeAnswer, wrong } from './kit/rpc-verdict.ts';
import type { FuzzTarget, Input, OpenTarget, Verdict } from './target.ts';

/** How a body is sent: the first part of an input, as JSON. The other parts are pieces of the body. */
interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The request is ended behind its body; else it stays open. */
  readonly ends: boolean;
}

const SERVICE = '/signalbox.v1.SignalingService/';
const STREAM_TYPES = [
  'application/grpc',
  'application/grpc+proto',
  'application/grpc+json',
  'application/grpc-web+proto',
  'application/grpc-web+json',
  'application/grpc-web-text',
  'application/connect+proto',
  'application/connect+json',
];
const UNARY_TYPES = [...STREAM_TYPES, 'application/proto', 'application/json'];
const ENCODINGS = ['gzip', 'identity', 'br', 'zstd', 'GZIP', 'gzip, gzip', ''];

/** A stream that says nothing for so long, though its request is complete, will not speak. */
const ANSWER_MS = 8000;
const QUIET_MS = 20;
/** Calls of one connection. */
const CALLS = 200;

/** Bodies of rpcs on gRPC, gRPC-Web and Connect: 5-byte envelopes, their flags, lengths, compression and order. */
export const envelopesTarget: FuzzTarget = {
  name: 'envelopes',
  async open(): Promise<OpenTarget> {
    const gateway = await FuzzedGateway.start();
    const client = new Http2Client(gateway.url);
    return {
      seeds: await makeSeeds(),
      width: 24,
      costMs: 1500,
      generate,
      run: (input) => client.run(input),
      faults: () => gateway.faults(),
      check: () => gateway.check(),
      async close() {
        client.close();
        await gateway.close();
      },
    };
  },
};

async function makeSeeds(): Promise<Input[]> {
  const token = await lastingToken('enveloper');
  const admin = { authorization: `Bearer ${await lastingToken('backend', { adm: true })}` };
  const hello = { hello: { token } };
  const frames = [
    { body: { case: 'hello' as const, value: { token } } },
    { seq: 1, body: { case: 'join' as const, value: { room: 'enveloped' } } },
    { body: { case: 'ping' as const, value: { id: 1 } } },
    { seq: 2, body: { case: 'leave' as const, value: { room: 'enveloped' } } },
  ];
  const connect = frames.map((frame) =>
    toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { frame })),
  );
  const connectJson = frames.map(({ seq, body }) =>
    Buffer.from(JSON.stringify({ frame: { seq, [body.case]: body.value } })),
  );
  const receive = toBinary(
    ReceiveFramesRequestSchema,
    create(ReceiveFramesRequestSchema, { ...hello, frames: frames.slice(1) }),
  );
  const receiveJson = Buffer.from(JSON.stringify(hello));
  const send = toBinary(
    SendFramesRequestSchema,
    create(SendFramesRequestSchema, { sendKey: 'nobody', frames: frames.slice(1) }),
  );
  const sendJson = Buffer.from('{"sendKey":"nobody","ack":3}');
  const room = Uint8Array.of(10, 3, 97, 98, 99);
  const roomJson = Buffer.from('{"name":"abc"}');
  const seeds: Input[] = [];
  const add = (
    path: string,
    type: string,
    messages: readonly Uint8Array[],
    more: Record<string, string> = {},
    ends = true,
  ): void => {
    const isBare = !/grpc|connect/.test(type);
    const body = messages.map((message) => (isBare ? message : envelope(0, message)));
    seeds.push(
      describedInput({ path, headers: { 'content-type': type, ...more }, ends } satisfies Call, body),
    );
  };
  for (const type of STREAM_TYPES) {
    const isJson = type.endsWith('json');
    add(`${SERVICE}Connect`, type, isJson ? connectJson : connect);
    add(`${SERVICE}Connect`, type, isJson ? connectJson : connect, {}, false);
    add(`${SERVICE}ReceiveFrames`, type, [isJson ? receiveJson : receive]);
  }
  for (const type of UNARY_TYPES) {
    const isJson = type.endsWith('json');
    add(`${SERVICE}SendFrames`, type, [isJson ? sendJson : send]);
    add('/signalbox.v1.RoomService/CreateRoom', type, [isJson ? roomJson : room], admin);
    add('/signalbox.v1.RoomService/GetRoom', type, [isJson ? roomJson : room], admin);
    add('/grpc.health.v1.Health/Check', type, [isJson ? Buffer.from('{}') : new Uint8Array(0)]);
  }
  // Every method for backends: mutation fills what is empty.
  const named = Uint8Array.of(10, 3, 97, 98, 99, 18, 3, 97, 98, 99);
  for (const { typeName, methods } of [RoomService, TokenService, IceService, ClusterService]) {
    for (const { name } of methods) {
      add(`/${typeName}/${name}`, 'application/proto', [named], admin);
      add(`/${typeName}/${name}`, 'application/grpc', [new Uint8Array(0)], admin);
      add(`/${typeName}/${name}`, 'application/json', [Buffer.from('{"room":"abc","name":"abc"}')], admin);
    }
  }
  const listServices = Uint8Array.of(58, 0);
  const symbol = Buffer.concat([Uint8Array.of(34, 25), Buffer.from('signalbox.v1.ServerFrame')]);
  add('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', 'application/grpc', [
    listServices,
    symbol,
  ]);
  add('/grpc.health.v1.Health/Watch', 'application/grpc-web+proto', [new Uint8Array(0)]);
  const packed = connect.map((message) => envelope(1, gzipSync(message)));
  const headers = {
    'content-type': 'application/grpc',
    'grpc-encoding': 'gzip',
    'signalbox-compress': 'gzip',
    'grpc-accept-encoding': 'gzip',
  };
  seeds.push(describedInput({ path: `${SERVICE}Connect`, headers, ends: true } satisfies Call, packed));
  const deflated = { ...admin, 'content-type': 'application/json', 'content-encoding': 'gzip' };
  seeds.push(
    describedInput(
      { path: '/signalbox.v1.RoomService/GetRoom', headers: deflated, ends: true } satisfies Call,
      [gzipSync(roomJson)],
    ),
  );
  return seeds;
}

function envelope(flags: number, message: Uint8Array, length = message.length): Uint8Array {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(length >>> 0, 1);
  return glue(prefix, message);
}

function generate(random: Random, pool: readonly Input[]): Input {
  const input = random.pick(pool);
  const call = readDescription<Call>(input) ?? { path: '/', headers: {}, ends: true };
  let parts = input.slice(1);
  const others = random.pick(pool).slice(1);
  const rounds = random.below(3);
  for (let round = 0; round < rounds; round += 1) parts = changeParts(random, parts, others);
  return describedInput(changeCall(random, call), random.chance(3) ? resegment(random, parts) : parts);
}

function changeParts(random: Random, parts: Uint8Array[], others: readonly Uint8Array[]): Uint8Array[] {
  const at = random.below(parts.length + 1);
  const part = parts[at];
  if (part === undefined || random.chance(4)) return shuffle(random, parts, others);
  return parts.with(at, changePart(random, part, others.length > 0 ? others : parts));
}

function changePart(random: Random, part: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const [flags, message] = [part[0] ?? 0, part.subarray(5)];
  switch (random.below(9)) {
    case 0:
      return envelope(random.chance(2) ? 1 << random.below(8) : random.below(256), message);
    case 1:
      return envelope(
        flags,
        message,
        random.chance(2) ? random.pick(EDGES) : message.length + random.pick([-3, -1, 1, 3]),
      );
    case 2:
      return envelope(1, gzipSync(message));
    case 3:
      return envelope(1, mutateBytes(random, gzipSync(message), others));
    case 4:
      // A small bomb: 300 KB in some hundred bytes.
      return envelope(
        1,
        gzipSync(Buffer.alloc(random.pick([1000, 300_000]), message.length > 0 ? message : 'a')),
      );
    case 5: {
      const frame = mutate(random, corpus);
      return envelope(flags, lengthField(1, frame));
    }
    case 6:
      return random.chance(2) ? new Uint8Array(part.subarray(5)) : envelope(0, part);
    case 7:
      return envelope(flags, new Uint8Array(random.pick([0, 1, 1000, 70_000, 300_000])));
    default:
      return mutateBytes(random, part, others);
  }
}

function changeCall(random: Random, call: Call): Call {
  const set = (name: string, value: string): Call => ({
    ...call,
    headers: { ...call.headers, [name]: value },
  });
  switch (random.below(24)) {
    case 0:
      return set('content-type', random.pick(UNARY_TYPES));
    case 1:
      return set('grpc-encoding', random.pick(ENCODINGS));
    case 2:
      return set('connect-content-encoding', random.pick(ENCODINGS));
    case 3:
      return set('content-encoding', random.pick(ENCODINGS));
    case 4:
      return set('grpc-timeout', random.pick(['1n', '1m', '10m', '0S', '99999999H', '1', '-1S', '']));
    case 5:
      return set('connect-timeout-ms', random.pick(['0', '1', '10', '99999999999', 'x', '-5']));
    case 6:
      return { ...call, ends: !call.ends };
    default:
      return call;
  }
}

/** One session for many calls, made again when the gateway ends it. */
class Http2Client {
  readonly #url: string;
  readonly #sessions = new Set<ClientHttp2Session>();
  #session: ClientHttp2Session | undefined;
  #calls = 0;

  constructor(url: string) {
    this.#url = url;
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  run(input: Input): Promise<Verdict> {
    const call = readDescription<Call>(input);
    const isCall = typeof call?.path === 'string' && typeof call.headers === 'object';
    return isCall ? this.#call(call, input.slice(1)) : Promise.resolve({ kind: 'no call' });
  }

  #call({ path, headers, ends }: Call, parts: readonly Uint8Array[]): Promise<Verdict> {
    const stream = this.#open().request({ ':method': 'POST', ':path': path, te: 'trailers', ...headers });
    return new Promise((resolve) => {
      let fields: IncomingHttpHeaders | undefined;
      let trailers: IncomingHttpHeaders | undefined;
      let isEnded = false;
      const chunks: Buffer[] = [];
      let quiet: NodeJS.Timeout | undefined;
      const finish = (isLate = false): void => {
        clearTimeout(quiet);
        clearTimeout(late);
        stream.removeAllListeners('close');
        if (!stream.destroyed) stream.close(8);
        if (fields === undefined) {
          const code = stream.rstCode;
          const isDue = isLate || (ends && isEnded) || code === 2;
          resolve(
            isDue
              ? wrong(isLate ? 'a complete request got no answer' : `no answer, reset ${code}`)
              : { kind: `no answer, reset ${code}` },
          );
          return;
        }
        const answer = {
          status: Number(fields[':status']),
          headers: mapOf(fields),
          trailers: trailers && mapOf(trailers),
          body: Buffer.concat(chunks),
          isEnded,
        };
        resolve(judgeAnswer(answer));
      };
      const late = setTimeout(() => finish(ends), ANSWER_MS);
      const listen = (): void => {
        clearTimeout(quiet);
        // Whose request is complete is waited for until it is answered; a session that goes on is left when it is quiet.
        if (fields !== undefined || !ends) quiet = setTimeout(finish, QUIET_MS);
      };
      stream.on('response', (got) => {
        fields = got;
        listen();
      });
      stream.on('trailers', (got) => {
        trailers = got;
      });
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        listen();
      });
      stream.on('end', () => {
        isEnded = true;
      });
      stream.on('error', () => {});
      stream.on('close', () => finish());
      for (const part of parts) if (!stream.destroyed) stream.write(part);
      if (ends) stream.end();
      listen();
    });
  }

  /** The session; a new one where the gateway has ended it or it has had its share of resets. */
  #open(): ClientHttp2Session {
    this.#calls += 1;
    if (this.#session === undefined || this.#session.closed || this.#calls % CALLS === 0) {
      this.#session?.close();
      const { hostname: host, port } = new URL(this.#url);
      const createConnection = () => connectSocket({ host, port: Number(port), noDelay: true });
      this.#session = connect(this.#url, { createConnection });
      const session = this.#session;
      this.#sessions.add(session);
      session.on('error', () => {});
      session.on('close', () => this.#sessions.delete(session));
    }
    return this.#session;
  }
}

function mapOf(fields: IncomingHttpHeaders): Map<string, string> {
  return new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]));
}
