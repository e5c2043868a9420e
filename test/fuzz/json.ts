import { fromBinary, toJsonString } from '@bufbuild/protobuf';
import { ClientFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { clientFrame, upgradeRequest } from '../lanes/websocket/lane-server.ts';
import { corpus } from '../property/fuzz/corpus.ts';
import type { Random } from '../property/fuzz/random.ts';
import { describedInput, readDescription } from './kit/described.ts';
import { FuzzedGateway, lastingToken } from './kit/fuzzed-gateway.ts';
import { readHttp1 } from './kit/http1-answer.ts';
import { mutateJson } from './kit/json-text.ts';
import { glue, shuffle } from './kit/mutate-bytes.ts';
import { exchangeBytes } from './kit/raw-peer.ts';
import { judgeAnswer, wrong } from './kit/rpc-verdict.ts';
import { judgeServerBytes } from './kit/websocket-answer.ts';
import type { FuzzTarget, Input, OpenTarget, Verdict } from './target.ts';

/** Who gets the JSON texts that are the other parts of an input. */
interface Described {
  /** `frames`: a WebSocket of JSON frames; `classic`: one of the classic dialect; else a call of Connect over HTTP/1.1. */
  readonly to: 'frames' | 'classic' | 'unary' | 'stream';
  /** Path of a call. */
  readonly path?: string;
}

const SERVICE = '/signalbox.v1.SignalingService/';
const ROOMS = '/signalbox.v1.RoomService/';

/** JSON of every dialect: frames on a WebSocket, classic messages, Connect's unary and streaming calls. */
export const jsonTarget: FuzzTarget = {
  name: 'json',
  async open(): Promise<OpenTarget> {
    const gateway = await FuzzedGateway.start();
    const authorization = `Bearer ${await lastingToken('backend', { adm: true })}`;
    return {
      seeds: await makeSeeds(),
      width: 24,
      costMs: 1500,
      generate,
      run: (input) => run(gateway.port, authorization, input),
      faults: () => gateway.faults(),
      check: () => gateway.check(),
      close: () => gateway.close(),
    };
  },
};

async function makeSeeds(): Promise<Input[]> {
  const token = await lastingToken('jason');
  const text = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));
  const opening = [
    text({ frame: { hello: { token } } }),
    text({ frame: { seq: 1, join: { room: 'jason' } } }),
  ];
  const frames = corpus.map((bytes) => {
    const frame = JSON.parse(toJsonString(ClientFrameSchema, fromBinary(ClientFrameSchema, bytes))) as object;
    return text({ frame: { ...frame, ...('seq' in frame ? { seq: 2 } : {}) } });
  });
  const registered = text({ type: 'register', data: { id: 'page', room: 'jason', token } });
  const classic = [
    { type: 'ping' },
    { type: 'offer', to: 'page', data: { type: 'offer', sdp: 'v=0\r\no=- 1 2 IN IP4 0\r\n' } },
    { type: 'answer', to: 'nobody', data: 'v=0\r\n' },
    {
      type: 'candidate',
      to: 'page',
      data: { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 },
    },
    { type: 'ice', to: 'page', data: { candidates: [null, 'a=candidate:1'] } },
    { type: 'chat', data: { text: 'größer', n: 1e21, list: [1, null, true] } },
    { type: 'bye', to: 'page', data: null },
    { type: 'reject', to: 'page', reason: 'busy' },
    { type: 'leave' },
  ].map(text);
  const calls: readonly (readonly [path: string, body: object])[] = [
    [
      `${ROOMS}CreateRoom`,
      {
        name: 'jason',
        settings: {
          topology: 'TOPOLOGY_HUB',
          maxParticipants: 5,
          emptyTimeout: '30s',
          attributes: { a: 'b' },
        },
      },
    ],
    [`${ROOMS}UpdateRoom`, { name: 'jason', settings: { locked: true }, updateMask: 'locked' }],
    [`${ROOMS}GetRoom`, { name: 'jason' }],
    [`${ROOMS}ListRooms`, { pageSize: 2, pageToken: '' }],
    [`${ROOMS}ListParticipants`, { room: 'jason' }],
    [`${ROOMS}SendMessage`, { room: 'jason', message: { room: 'jason', messageType: 'chat', text: 'x' } }],
    [`${ROOMS}RemoveParticipant`, { room: 'jason', participant: 'x' }],
    [
      '/signalbox.v1.TokenService/CreateToken',
      { identity: 'a', room: 'jason', lifetime: '60s', permissions: { signal: true } },
    ],
    ['/signalbox.v1.TokenService/RevokeTokens', { tokenId: 'x' }],
    ['/signalbox.v1.IceService/GetIceServers', { identity: 'a' }],
    ['/signalbox.v1.ClusterService/ListNodes', {}],
    [`${SERVICE}SendFrames`, { sendKey: 'x', ack: 1, frames: [{ seq: 1, ping: { id: 1 } }] }],
  ];
  return [
    ...frames.map((frame) => describedInput({ to: 'frames' } satisfies Described, [...opening, frame])),
    ...classic.map((message) => describedInput({ to: 'classic' } satisfies Described, [registered, message])),
    ...calls.map(([path, body]) => describedInput({ to: 'unary', path } satisfies Described, [text(body)])),
    describedInput({ to: 'stream', path: `${SERVICE}ReceiveFrames` } satisfies Described, [
      text({ hello: { token }, frames: [{ ping: { id: 1 } }] }),
    ]),
  ];
}

async function run(port: number, authorization: string, input: Input): Promise<Verdict> {
  const described = readDescription<Described>(input);
  const texts = input.slice(1);
  switch (described?.to) {
    case 'frames':
    case 'classic':
      return runSocket(port, described.to, texts);
    case 'unary':
    case 'stream':
      return runCall(port, authorization, described, texts);
    default:
      return { kind: 'no input' };
  }
}

async function runSocket(port: number, to: 'frames' | 'classic', texts: Input): Promise<Verdict> {
  const protocol = to === 'frames' ? 'signalbox.v1.json' : undefined;
  const head = Buffer.from(upgradeRequest({ 'sec-websocket-protocol': protocol }));
  const { bytes, ended } = await exchangeBytes(port, [head, ...texts.map((text) => clientFrame(1, text))]);
  const verdict = judgeServerBytes(bytes, ended);
  return { ...verdict, kind: `${verdict.kind}${verdict.kind.startsWith('accepted') ? `, ${to}` : ''}` };
}

async function runCall(
  port: number,
  authorization: string,
  { to, path }: Described,
  texts: Input,
): Promise<Verdict> {
  const [text = new Uint8Array(0)] = texts;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(text.length, 1);
  const body = to === 'stream' ? glue(prefix, text) : text;
  const type = to === 'stream' ? 'application/connect+json' : 'application/json';
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${type}\r\nauthorization: ${authorization}\r\ncontent-length: ${body.length}\r\n\r\n`;
  const { bytes } = await exchangeBytes(port, [glue(Buffer.from(head, 'latin1'), body)]);
  const answers = readHttp1(bytes, false);
  if (typeof answers === 'string') return wrong(`what the gateway sent is no HTTP: ${answers}`);
  const [answer] = answers;
  if (answer === undefined) return { kind: 'no answer' };
  const verdict = judgeAnswer(answer);
  if (verdict.violation !== undefined || answer.status !== 200 || to === 'stream' || !answer.isEnded)
    return verdict;
  return isJson(answer.body) ? verdict : wrong(`a 200 whose body is no JSON: ${Buffer.from(answer.body)}`);
}

function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(body).toString());
    return true;
  } catch {
    return false;
  }
}

function generate(random: Random, pool: readonly Input[]): Input {
  const [description = new Uint8Array(0), ...texts] = random.pick(pool);
  const others = random.pick(pool).slice(1);
  // Mostly the last text alone: who is not let in is not listened to.
  const changed = texts.map((text, index) =>
    index === texts.length - 1 || random.chance(6) ? mutateJson(random, text, others) : text,
  );
  const more = random.chance(3) ? others.slice(-1) : [];
  const all = [...changed, ...more];
  return [description, ...(random.chance(6) ? shuffle(random, all, others) : all)];
}
