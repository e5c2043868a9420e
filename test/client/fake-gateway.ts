import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import type { ClientFrame, JoinedSchema, ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import type { Hello } from '../../gen/signalbox/v1/session_pb.ts';
import { Welcome_Outcome, type WelcomeSchema } from '../../gen/signalbox/v1/session_pb.ts';
import { ConnectRequestSchema, ConnectResponseSchema } from '../../gen/signalbox/v1/signaling_service_pb.ts';

export type FrameInit = MessageInitShape<typeof ServerFrameSchema>;
type JoinedInit = MessageInitShape<typeof JoinedSchema>;
type Case = NonNullable<ClientFrame['body']['case']>;
type BodyOf<C extends Case> = Extract<ClientFrame['body'], { case: C }>['value'];

/** One connection of a client, as the scripted gateway sees it. */
export class FakeConnection {
  /** Everything that came, Hello first. */
  readonly frames: ClientFrame[] = [];
  /** False: a dead connection that looks alive. */
  answersPings = true;
  closed = false;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #cut: () => void;
  #taken = 0;
  readonly #wake = new Set<() => void>();

  constructor(write: (bytes: Uint8Array) => void, cut: () => void) {
    this.#write = write;
    this.#cut = cut;
  }

  received(bytes: Uint8Array): void {
    const { frame } = fromBinary(ConnectRequestSchema, bytes);
    if (frame !== undefined) this.frames.push(frame);
    if (frame?.body.case === 'ping' && this.answersPings) {
      this.send({ body: { case: 'pong', value: { id: frame.body.value.id } } });
    }
    for (const wake of this.#wake) wake();
  }

  ended(): void {
    this.closed = true;
    for (const wake of this.#wake) wake();
  }

  /** The next frame with this body that was not handed out yet; frames before it are passed over. */
  async next<C extends Case>(body: C): Promise<{ frame: ClientFrame; value: BodyOf<C> }> {
    const frame = await this.until((candidate) => candidate.body.case === body);
    return { frame, value: frame.body.value as BodyOf<C> };
  }

  async until(fits: (frame: ClientFrame) => boolean): Promise<ClientFrame> {
    for (;;) {
      while (this.#taken < this.frames.length) {
        const frame = this.frames[this.#taken] as ClientFrame;
        this.#taken += 1;
        if (fits(frame)) return frame;
      }
      if (this.closed) throw new Error('the connection ended before the frame came');
      await this.#change();
    }
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await this.#change();
  }

  send(...frames: FrameInit[]): void {
    for (const frame of frames) {
      this.#write(toBinary(ConnectResponseSchema, create(ConnectResponseSchema, { frame })));
    }
  }

  /** Takes Hello and answers it. */
  async welcome(welcome: MessageInitShape<typeof WelcomeSchema> = {}): Promise<Hello> {
    const { value } = await this.next('hello');
    const fresh = welcome.outcome !== Welcome_Outcome.RESUMED;
    this.send({
      body: {
        case: 'welcome',
        value: {
          sessionId: 's1',
          outcome: Welcome_Outcome.NEW,
          resumeToken: fresh ? 's1.secret' : '',
          epoch: 'e1',
          attempt: fresh ? 1 : (value.resume?.attempt ?? 0),
          pingInterval: durationFromMs(20_000),
          ...welcome,
        },
      },
    });
    return value;
  }

  /** Takes Join and lets the client in as participant `id`. */
  async join(id: string, joined: Omit<JoinedInit, '$typeName'> = {}) {
    const { frame, value } = await this.next('join');
    this.send({
      ack: frame.seq,
      body: {
        case: 'joined',
        value: {
          room: value.room,
          epoch: 'r1',
          offset: 1,
          count: 1,
          rosterComplete: true,
          participant: {
            id,
            identity: 'ada',
            name: value.name,
            attributes: value.attributes,
            tracks: value.tracks,
          },
          ...joined,
        },
      },
    });
    return value;
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#cut();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wake.delete(wake);
        resolve();
      };
      this.#wake.add(wake);
    });
  }
}

/** A gateway whose every answer is the test's. */
export class FakeGateway {
  readonly url: string;
  readonly connections: FakeConnection[] = [];
  #taken = 0;
  readonly #wake = new Set<() => void>();

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async overWebSocket(): Promise<FakeGateway> {
    const http = createServer();
    const sockets = new Set<Socket>();
    http.on('connection', (socket) => sockets.add(socket));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const gateway = new FakeGateway((http.address() as AddressInfo).port);
    const server = new WebSocketServer({ server: http, path: '/ws' });
    server.on('connection', (socket) => {
      const connection = new FakeConnection(
        (bytes) => socket.send(bytes),
        () => socket.terminate(),
      );
      socket.on('message', (data: Buffer) => connection.received(data));
      socket.on('close', () => connection.ended());
      gateway.#accept(connection);
    });
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
      http.close();
    });
    return gateway;
  }

  static async overGrpc(): Promise<FakeGateway> {
    const server = new Server();
    const bytes = (value: Uint8Array) => Buffer.from(value);
    const method = {
      path: '/signalbox.v1.SignalingService/Connect',
      requestStream: true,
      responseStream: true,
      requestSerialize: bytes,
      requestDeserialize: (value: Buffer) => value,
      responseSerialize: bytes,
      responseDeserialize: (value: Buffer) => value,
    } as const;
    let accept: (connection: FakeConnection) => void = () => {};
    server.addService(
      { connect: method },
      {
        connect(call: ServerDuplexStream<Uint8Array, Uint8Array>) {
          const connection = new FakeConnection(
            (message) => call.write(message),
            () => call.emit('error', { code: 14, details: 'dropped' }),
          );
          call.on('data', (message: Uint8Array) => connection.received(message));
          call.on('end', () => call.end());
          call.on('cancelled', () => connection.ended());
          call.on('close', () => connection.ended());
          accept(connection);
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const gateway = new FakeGateway(port);
    accept = (connection) => gateway.#accept(connection);
    onTestFinished(() => server.forceShutdown());
    return gateway;
  }

  /** The next connection that was not handed out yet. */
  async next(): Promise<FakeConnection> {
    while (this.#taken >= this.connections.length) {
      await new Promise<void>((resolve) => this.#wake.add(resolve));
    }
    this.#taken += 1;
    return this.connections[this.#taken - 1] as FakeConnection;
  }

  #accept(connection: FakeConnection): void {
    this.connections.push(connection);
    for (const wake of this.#wake) wake();
    this.#wake.clear();
  }
}
