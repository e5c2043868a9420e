import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { ReceiveFramesRequestSchema } from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import type { RawConfig } from '../../../src/config.ts';
import { lengthField } from '../../core/wire/bytes.ts';
import type { Field } from '../../fuzz/kit/hpack.ts';
import { END_STREAM } from '../../fuzz/kit/http2-frames.ts';
import { Bystanders } from '../../helpers/bystanders.ts';
import { type E2eGateway, startE2eGateway } from '../../helpers/e2e-gateway.ts';
import { type ClientBody, encodeFrame } from '../../helpers/lane-client.ts';
import { framed } from '../envelope/raw-client.ts';
import { Http2Peer, type PeerOptions } from './http2-peer.ts';

const boundless = { burst: 1_000_000, perSecond: 1_000_000 };

/** What one test does is not to be paid for by the next: they come from one address. */
const config = {
  rooms: [{ pattern: '*', joinCreates: true, settings: { emptyTimeout: '1s', departureTimeout: '1s' } }],
  limits: { resumeWindowMs: 300, slowConsumerMs: 8_000, pingIntervalMs: 20_000 },
  portLimits: {
    departureMs: 1_000,
    // Other suites take the processor: what is late here says nothing of the gateway.
    ...{ busyMs: 60_000, overloadedMs: 60_000 },
    ...{ cutCost: 1, violationCost: 1, refusedHelloCost: 1 },
    ...{ connectionRate: boundless, sessionRate: boundless, callRate: boundless },
  },
} satisfies RawConfig;

/** A file of the site, larger than any window that a test gives. */
export const largePage = Buffer.from(Array.from({ length: 400_000 }, (_, at) => 0x20 + (at % 89)));

/** A whole gateway, two who talk over it all the while, and the peers of each test, who go after it. */
export class Subject {
  #gateway: E2eGateway | undefined;
  #bystanders: Bystanders | undefined;
  #folder = '';
  readonly #peers: Http2Peer[] = [];

  get gateway(): E2eGateway {
    if (this.#gateway === undefined) throw new Error('the gateway was not started');
    return this.#gateway;
  }

  async start(more: RawConfig): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'signalbox-http2-'));
    await writeFile(join(this.#folder, 'large.txt'), largePage);
    await writeFile(join(this.#folder, 'index.html'), '<!doctype html><title>page</title>');
    const portLimits = { ...config.portLimits, ...(more.portLimits as object | undefined) };
    this.#gateway = await startE2eGateway({ ...config, ...more, portLimits }, this.#folder);
    this.#bystanders = await Bystanders.start(this.#gateway, 'bystanders', ['grpc', 'ws-proto']);
  }

  async peer(options: PeerOptions = {}): Promise<Http2Peer> {
    const peer = await Http2Peer.connect(this.gateway.port, options);
    this.#peers.push(peer);
    return peer;
  }

  /** Others were not disturbed, and no peer was sent what no gateway may send. */
  async check(): Promise<void> {
    const peers = this.#peers.splice(0);
    for (const peer of peers) peer.destroy();
    expect(peers.flatMap(({ faults }) => faults)).toEqual([]);
    await this.#bystanders?.talk();
    this.#bystanders?.check();
    expect(this.gateway.errors).toEqual([]);
  }

  async stop(): Promise<void> {
    this.#bystanders?.close();
    await this.#gateway?.close();
    await rm(this.#folder, { recursive: true });
  }
}

/** One for all tests of a file. */
export function subject(more: RawConfig = {}): Subject {
  const started = new Subject();
  beforeAll(() => started.start(more));
  afterEach(() => started.check());
  afterAll(() => started.stop());
  return started;
}

export interface Request {
  readonly fields: readonly Field[];
  /** A whole request; empty: it has none. */
  readonly body: Uint8Array;
}

const service = '/signalbox.v1.SignalingService';

export function request(
  method: string,
  path: string,
  more: readonly Field[] = [],
  body: Uint8Array = new Uint8Array(0),
): Request {
  const pseudo: Field[] = [
    [':method', method],
    [':scheme', 'http'],
    [':authority', 'localhost'],
    [':path', path],
  ];
  return { fields: [...pseudo, ...more], body };
}

const grpc: readonly Field[] = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];
/** An envelope with an empty message. */
const empty = Uint8Array.of(0, 0, 0, 0, 0);

export const requests = {
  /** The stream of a session; this one has no token, and is ended with a status. */
  lane: request('POST', `${service}/Connect`, grpc, laneMessage({ case: 'hello', value: { token: 'x' } })),
  sendFrames: request('POST', `${service}/SendFrames`, grpc, empty),
  unary: request('POST', '/grpc.health.v1.Health/Check', grpc, empty),
  page: request('GET', '/healthz'),
} as const satisfies Record<string, Request>;

/** By whom a request is answered: a lane, or what is behind. */
export const kinds = [
  ['a lane', requests.lane],
  ['SendFrames', requests.sendFrames],
  ['a unary rpc', requests.unary],
  ['a page', requests.page],
] as const;

/** Those that take a body. */
export const kindsWithBody = kinds.slice(0, 3);

/** Sends a whole request; its stream. */
export function ask(peer: Http2Peer, { fields, body }: Request): number {
  const stream = peer.open(fields, body.length === 0 ? END_STREAM : 0);
  if (body.length > 0) peer.data(stream, body, END_STREAM);
  return stream;
}

/** The connection goes on, for lanes and for all else. */
export async function expectServes(peer: Http2Peer): Promise<void> {
  await peer.ping();
  const [rpc, page] = [ask(peer, requests.sendFrames), ask(peer, requests.page)];
  const answered = await peer.answer(rpc);
  expect(answered.headers?.get(':status'), peer.summary()).toBe('200');
  expect(Number((answered.trailers ?? answered.headers)?.get('grpc-status'))).toBeGreaterThan(0);
  expect((await peer.answer(page)).headers?.get(':status')).toBe('200');
  expect(peer.goAway).toBeUndefined();
}

/** The gateway ends the connection with one of these codes (RFC 9113, section 5.4.1). */
export async function expectConnectionError(
  peer: Http2Peer,
  ...codes: readonly (number | undefined)[]
): Promise<void> {
  await peer.until(() => peer.isClosed, 'the end of the connection');
  expect(codes, peer.summary()).toContain(peer.goAway);
}

/** The connection goes on, or ends with one of these codes. */
export async function expectServesOr(peer: Http2Peer, ...codes: readonly number[]): Promise<void> {
  try {
    await expectServes(peer);
  } catch {
    await expectConnectionError(peer, ...codes);
  }
}

/** The gateway resets this stream with one of these codes, and the connection goes on (section 5.4.2). */
export async function expectStreamError(
  peer: Http2Peer,
  stream: number,
  ...codes: readonly number[]
): Promise<void> {
  const { reset } = await peer.answer(stream);
  expect(codes, peer.summary()).toContain(reset);
  await expectServes(peer);
}

/** Where the RFC leaves the choice, or nghttp2 makes more of it than it must: the stream's end, or the connection's. */
export async function expectEitherError(
  peer: Http2Peer,
  stream: number,
  ...codes: readonly (number | undefined)[]
): Promise<void> {
  const { reset } = await peer.answer(stream);
  if (reset !== undefined && !peer.isClosed && peer.goAway === undefined) {
    expect(codes, peer.summary()).toContain(reset);
    await expectServes(peer);
  } else await expectConnectionError(peer, ...codes);
}

/** The message of a lane's frame. */
export function laneMessage(body: ClientBody, seq = 0): Uint8Array {
  return framed(lengthField(1, encodeFrame({ seq, body })));
}

/** Opens a session on a stream of this peer, in a room; its stream. What comes of it is in `view`. */
export async function openSession(
  { gateway }: Subject,
  peer: Http2Peer,
  identity: string,
  room: string,
): Promise<number> {
  const token = await gateway.token({ identity });
  const stream = peer.open(requests.lane.fields, 0);
  peer.data(stream, laneMessage({ case: 'hello', value: { token } }));
  peer.data(stream, laneMessage({ case: 'join', value: { room } }, 1));
  return stream;
}

/** The same, in halves: its request is complete, and its answer goes on. */
export async function openHalf({ gateway }: Subject, peer: Http2Peer, identity: string): Promise<number> {
  const hello = { token: await gateway.token({ identity }) };
  const body = toBinary(ReceiveFramesRequestSchema, create(ReceiveFramesRequestSchema, { hello }));
  const fields: Field[] = [['content-type', 'application/grpc-web+proto']];
  return ask(peer, request('POST', `${service}/ReceiveFrames`, fields, framed(body)));
}
