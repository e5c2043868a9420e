import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type ClientDuplexStream, credentials, Client as GrpcClient } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket as Ws } from 'ws';
import type { ClientFrameSchema, ServerFrame } from '../../../gen/signalbox/v1/frame_pb.ts';
import { SessionDescription_Type as SdpType } from '../../../gen/signalbox/v1/signal_pb.ts';
import {
  type ConnectRequest,
  ConnectRequestSchema,
  type ConnectResponse,
  ConnectResponseSchema,
} from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import { resolveConfig } from '../../../src/config.ts';
import { type Served, serve } from '../../../src/serve.ts';
import { waitUntil } from '../websocket/wait-until.ts';

let served: Served;
let port: number;
const ends: (() => void)[] = [];

beforeEach(async () => {
  const config = resolveConfig({ development: true, port: 0, logLevel: 'silent' });
  served = await serve({
    config,
    log: pino({ level: 'silent' }),
    version: 'test',
    webRoot: import.meta.dirname,
  });
  port = served.gateway.port;
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await served.close();
});

type Message = {
  type: string;
  from?: string;
  to?: string;
  success?: boolean;
  data?: Record<string, unknown>;
};

/** A page as it was before Signalbox. */
class ClassicPage {
  readonly got: Message[] = [];
  readonly socket: Ws;

  constructor(query = '') {
    this.socket = new Ws(`ws://127.0.0.1:${port}/ws${query}`);
    this.socket.on('message', (data: Buffer) => this.got.push(JSON.parse(data.toString())));
    ends.push(() => this.socket.terminate());
  }

  static async register(id: string, query = ''): Promise<ClassicPage> {
    const page = new ClassicPage(query);
    page.socket.on('open', () => page.send({ type: 'register', data: { id } }));
    await page.next('register_response');
    return page;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first message of this type that was not taken before. */
  async next(type: string): Promise<Message> {
    await waitUntil(() => this.got.some((message) => message.type === type), `a message of type ${type}`);
    const index = this.got.findIndex((message) => message.type === type);
    const [message] = this.got.splice(index, 1);
    if (message === undefined) throw new Error('unreachable');
    return message;
  }
}

type Frame = MessageInitShape<typeof ClientFrameSchema>;

/** A client of the schema over some lane. */
class Peer {
  readonly got: ServerFrame[] = [];
  readonly #write: (request: ConnectRequest) => void;
  #seq = 0;

  private constructor(write: (request: ConnectRequest) => void) {
    this.#write = write;
  }

  static grpc(): Peer {
    const client = new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const call: ClientDuplexStream<ConnectRequest, ConnectResponse> = client.makeBidiStreamRequest(
      '/signalbox.v1.SignalingService/Connect',
      (request: ConnectRequest) => Buffer.from(toBinary(ConnectRequestSchema, request)),
      (bytes: Buffer) => fromBinary(ConnectResponseSchema, bytes),
    );
    const peer = new Peer((request) => call.write(request));
    call.on('data', ({ frame }: ConnectResponse) => frame !== undefined && peer.got.push(frame));
    call.on('error', () => {});
    ends.push(() => {
      call.cancel();
      client.close();
    });
    return peer;
  }

  static async webSocket(): Promise<Peer> {
    const socket = new Ws(`ws://127.0.0.1:${port}/ws`, 'signalbox.v1.proto');
    await new Promise((resolve) => socket.once('open', resolve));
    const peer = new Peer((request) => socket.send(toBinary(ConnectRequestSchema, request)));
    socket.on('message', (data: Buffer) => {
      const { frame } = fromBinary(ConnectResponseSchema, data);
      if (frame !== undefined) peer.got.push(frame);
    });
    ends.push(() => socket.terminate());
    return peer;
  }

  /** Says Hello and joins; resolves with the ids of who is there, by identity. */
  async join(identity: string, room: string): Promise<ReadonlyMap<string, string>> {
    const token = (await served.developmentTokens?.issue({ identity })) ?? '';
    this.say({ case: 'hello', value: { token } }, 0);
    this.say({ case: 'join', value: { room } });
    const { body } = await this.frame('joined');
    if (body.case !== 'joined') throw new Error('unreachable');
    return new Map(body.value.participants.map((participant) => [participant.identity, participant.id]));
  }

  say(body: NonNullable<Frame['body']>, seq = ++this.#seq): void {
    this.#write(create(ConnectRequestSchema, { frame: { seq, body } }));
  }

  async frame(kind: ServerFrame['body']['case'], index = 0): Promise<ServerFrame> {
    const fitting = () => this.got.filter(({ body }) => body.case === kind);
    await waitUntil(() => fitting().length > index, `frame ${index} with ${kind}`);
    const frame = fitting()[index];
    if (frame === undefined) throw new Error('unreachable');
    return frame;
  }
}

const sdp = (id: number) => `v=0\r\no=- ${id} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n`;
const candidate = {
  candidate: 'candidate:1 1 udp 1 10.0.0.1 5000 typ host',
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: 'u',
};

test('two classic pages call each other as they did before', async () => {
  const ann = await ClassicPage.register('ann');
  const bob = await ClassicPage.register('bob');
  expect((await ann.next('participant_joined')).data).toMatchObject({ id: 'bob' });
  ann.send({ type: 'offer', to: 'bob', data: { type: 'offer', sdp: sdp(1) } });
  expect(await bob.next('offer')).toEqual({
    type: 'offer',
    from: 'ann',
    to: 'bob',
    data: { type: 'offer', sdp: sdp(1) },
  });
  bob.send({ type: 'answer', to: 'ann', data: { type: 'answer', sdp: sdp(2) } });
  expect(await ann.next('answer')).toEqual({
    type: 'answer',
    from: 'bob',
    to: 'ann',
    data: { type: 'answer', sdp: sdp(2) },
  });
  bob.send({ type: 'candidate', to: 'ann', data: candidate });
  expect(await ann.next('candidate')).toEqual({ type: 'candidate', from: 'bob', to: 'ann', data: candidate });
  ann.send({ type: 'chat', to: 'bob', data: { text: 'hi' } });
  expect(await bob.next('chat')).toEqual({ type: 'chat', from: 'ann', to: 'bob', data: { text: 'hi' } });
  ann.send({ type: 'bye', to: 'bob' });
  await bob.next('bye');
  ann.socket.close();
  expect((await bob.next('participant_left')).data).toMatchObject({ id: 'ann' });
  bob.send({ type: 'offer', to: 'ann', data: sdp(3) });
  expect((await bob.next('error')).data).toMatchObject({ reason: 'UNKNOWN_RECIPIENT', to: 'ann' });
  expect([ann.got, bob.got]).toEqual([[], []]);
});

test.each(['grpc', 'webSocket'] as const)(
  'a classic page and a %s client negotiate with each other, both ways',
  async (kind) => {
    const page = await ClassicPage.register('page', '?room=mixed');
    const peer = await Peer[kind]();
    const ids = await peer.join('native', 'mixed');
    const to = ids.get('page') ?? '';
    expect((await page.next('participant_joined')).data).toMatchObject({ id: 'native' });

    const round = { connectionId: 'main.k3f9', negotiationId: 1 };
    const offer = { sdpType: SdpType.OFFER, sdp: sdp(1) };
    peer.say({ case: 'signal', value: { to, ...round, payload: { case: 'description', value: offer } } });
    peer.say({
      case: 'signal',
      value: { to, ...round, payload: { case: 'candidates', value: { candidates: [candidate, candidate] } } },
    });
    expect(await page.next('offer')).toMatchObject({ from: 'native', data: { type: 'offer', sdp: sdp(1) } });
    expect((await page.next('candidate')).data).toEqual(candidate);
    expect((await page.next('candidate')).data).toEqual(candidate);

    page.send({ type: 'answer', to: 'native', data: { type: 'answer', sdp: sdp(2) } });
    page.send({ type: 'candidate', to: 'native', data: candidate });
    page.send({ type: 'offer', to: 'native', data: { type: 'offer', sdp: sdp(2) } });
    const [answer, candidates, again] = await Promise.all(
      [0, 1, 2].map((index) => peer.frame('signal', index)),
    );
    expect(answer?.origin?.sender).toBe(to);
    expect(answer?.body.value).toMatchObject({
      ...round,
      payload: { value: { sdpType: SdpType.ANSWER, sdp: sdp(2) } },
    });
    expect(candidates?.body.value).toMatchObject({
      ...round,
      payload: { value: { candidates: [candidate] } },
    });
    expect(again?.body.value).toMatchObject({
      connectionId: 'main.k3f9',
      negotiationId: 2,
      payload: { value: { sdpType: SdpType.OFFER } },
    });

    page.send({ type: 'mood', to: 'native', data: 'good' });
    expect((await peer.frame('message')).body.value).toMatchObject({
      messageType: 'mood',
      content: { value: '"good"' },
    });
    peer.say({
      case: 'message',
      value: { room: 'mixed', messageType: 'chat', content: { case: 'text', value: 'to all' } },
    });
    expect(await page.next('chat')).toEqual({ type: 'chat', from: 'native', to: 'page', data: 'to all' });
  },
);

test('a page that registers again while its old connection hangs takes its place', async () => {
  const old = await ClassicPage.register('ann');
  const bob = await ClassicPage.register('bob');
  await old.next('participant_joined');
  const fresh = await ClassicPage.register('ann');
  expect((await old.next('left')).data).toMatchObject({ reason: 'REPLACED' });
  bob.send({ type: 'chat', to: 'ann', data: 1 });
  await fresh.next('chat');
  bob.send({ type: 'register', data: { id: 'bob' } });
  expect((await bob.next('register_response')).data).toMatchObject({ participants: ['ann'] });
});

test('more frames than the inbox holds unacknowledged reach a page: the lane acknowledges for it', async () => {
  const page = await ClassicPage.register('page', '?room=busy');
  const peer = await Peer.webSocket();
  const to = (await peer.join('native', 'busy')).get('page') ?? '';
  for (let batch = 0; batch < 20; batch++) {
    for (let index = 0; index < 100; index++) {
      const content = { case: 'text', value: String(batch * 100 + index) } as const;
      peer.say({ case: 'message', value: { room: 'busy', messageType: 'n', toParticipant: to, content } });
    }
    const soFar = (batch + 1) * 100;
    await waitUntil(
      () => page.got.filter(({ type }) => type === 'n').length === soFar,
      `${soFar} messages`,
      20_000,
    );
  }
  expect(page.got.filter(({ type }) => type === 'n').map(({ data }) => data)).toEqual(
    Array.from(Array(2000).keys()),
  );
}, 30_000);

test('classic pages leave nothing behind', async () => {
  const pages = await Promise.all(
    Array.from({ length: 20 }, (_, index) => ClassicPage.register(`p${index}`)),
  );
  for (const page of pages) page.socket.terminate();
  await waitUntil(
    () => served.node.figures.connections === 0 && served.node.figures.rooms <= 1,
    'no connection is left',
  );
  const late = await ClassicPage.register('late');
  expect(late.got).toEqual([]);
});
