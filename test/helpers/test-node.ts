import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema, ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { RoomSettingsSchema } from '../../gen/signalbox/v1/room_pb.ts';
import type { Engine } from '../../src/core/engine.ts';
import type { TokenVerifier } from '../../src/core/grants.ts';
import type { Lane, OpenLane } from '../../src/core/lane.ts';
import { type CoreLimits, defaultLimits } from '../../src/core/limits.ts';
import { type RoomProfile, RoomProfiles } from '../../src/core/room/room-profiles.ts';
import { resolveSettings } from '../../src/core/room/settings.ts';
import type { SendFramesResult } from '../../src/core/send-frames.ts';
import type { CoreLog } from '../../src/core/session/session-host.ts';
import { SignalingNode, type SignalingNodeOptions } from '../../src/core/signaling-node.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import { nodeCrypto } from '../../src/runtime/node-crypto.ts';
import { type TestGrants, testIssuer, testToken, testVerifier } from './node-kit.ts';
import { ScriptedClient, type ScriptedClientOptions } from './scripted-client.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A scripted client that keeps the very arrays that its lane was handed. */
export class TestClient extends ScriptedClient {
  /** What was written, write by write. */
  readonly writes: readonly Uint8Array[];

  constructor(open: OpenLane, options: ScriptedClientOptions = {}) {
    const writes: Uint8Array[] = [];
    super((lane) => open(recording(lane, writes)), options);
    this.writes = writes;
  }

  /** The encoded frames so far, without framing. */
  get rawFrames(): Uint8Array[] {
    return this.writes.flatMap(splitFrames);
  }

  /** The frames that came after the first `count`. */
  since(count: number) {
    return this.frames.slice(count);
  }
}

function recording(lane: Lane, writes: Uint8Array[]): Lane {
  const { transport, framing, peer } = lane;
  return {
    transport,
    framing,
    peer,
    write: (bytes) => {
      writes.push(bytes);
      return lane.write(bytes);
    },
    resume: () => lane.resume(),
    end: (end) => lane.end(end),
  };
}

function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + view.getUint32(at);
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}

export interface TestNodeOptions extends Partial<Pick<SignalingNodeOptions, 'issuer' | 'iceServers'>> {
  /** Default: `testVerifier`, whose tokens stay good. */
  readonly verifier?: Pick<TokenVerifier, 'verify'> & Partial<TokenVerifier>;
  /** Default: a clock of its own. */
  readonly clock?: VirtualClock;
  readonly limits?: Partial<CoreLimits>;
  /** The time at which its clock begins. */
  readonly now?: number;
  /** Settings of every room; a join creates it. */
  readonly settings?: MessageInitShape<typeof RoomSettingsSchema>;
  readonly profiles?: readonly RoomProfile[];
  /** Put around the engine, to make it slow or faulty. */
  readonly wrap?: (engine: MemoryEngine) => Engine;
}

/** A node on virtual time. Nothing happens between two `settle`s but what the test does. */
export interface TestNode {
  readonly node: SignalingNode;
  readonly engine: MemoryEngine;
  readonly clock: VirtualClock;
  readonly limits: CoreLimits;
  /** Errors that the core logged: a test that expects some empties it. */
  readonly errors: { readonly fields: object; readonly message: string }[];
  /** A client that has said Hello. */
  client(grants?: TestGrants, options?: ScriptedClientOptions): Promise<TestClient>;
  /** The same, in the room. Returns the client; its participant id is in `ids`. */
  inRoom(room: string, grants?: TestGrants, options?: ScriptedClientOptions): Promise<InRoom>;
  /** A SendFrames call with whole frames. */
  sendFrames(
    sendKey: string,
    frames: readonly MessageInitShape<typeof ClientFrameSchema>[],
    ack?: number,
  ): Promise<SendFramesResult>;
  /** Runs ticks until nothing is left to do. */
  settle(): Promise<void>;
  /** Lets time pass, with all that falls due. */
  pass(milliseconds: number): Promise<void>;
  /** Ends the node. Throws where it leaves a timer or a session behind, or has logged an error. */
  stop(): Promise<void>;
}

export interface InRoom {
  readonly client: TestClient;
  readonly id: string;
}

/** More ticks than any test needs: a tick that always asks for another one is a defect. */
const mostTicks = 1000;

export async function startTestNode(options: TestNodeOptions = {}): Promise<TestNode> {
  const clock = options.clock ?? new VirtualClock(options.now);
  const verifier = options.verifier ?? testVerifier;
  const limits = { ...defaultLimits, ...options.limits };
  const engine = new MemoryEngine({ clock, crypto: nodeCrypto, limits });
  const settings = resolveSettings(create(RoomSettingsSchema, options.settings));
  const errors: { fields: object; message: string }[] = [];
  const log: CoreLog = {
    info() {},
    warn() {},
    error: (fields, message) => void errors.push({ fields, message }),
  };
  const node = new SignalingNode({
    engine: options.wrap?.(engine) ?? engine,
    clock,
    crypto: nodeCrypto,
    limits,
    profiles: new RoomProfiles(options.profiles ?? [{ pattern: '*', joinCreates: true, settings }]),
    verifier: {
      verify: (token) => verifier.verify(token),
      recheck: (grants) => verifier.recheck?.(grants),
    },
    issuer: options.issuer ?? testIssuer,
    iceServers: options.iceServers ?? { for: () => ({ servers: [], expiresAt: Number.POSITIVE_INFINITY }) },
    log,
    version: '0.0.0-test',
    region: 'test',
  });
  await node.start();

  const settle = async () => {
    for (let ticks = 0; ticks < mostTicks; ticks += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!clock.hasSoon) return;
      clock.tick();
    }
    throw new Error(`after ${mostTicks} ticks there is still something to do`);
  };
  const client = async (grants: TestGrants = {}, more: ScriptedClientOptions = {}) => {
    const made = new TestClient(node.open, { token: testToken({ identity: 'ada', ...grants }), ...more });
    await settle();
    return made;
  };
  return {
    node,
    engine,
    clock,
    limits,
    errors,
    client,
    settle,
    async inRoom(room, grants, more) {
      const made = await client(grants, more);
      made.send({ case: 'join', value: { room } });
      await settle();
      const joined = made.all('joined').at(-1);
      if (joined === undefined) throw new Error(`not joined: ${made.all('error')[0]?.detail}`);
      return { client: made, id: joined.participant?.id ?? '' };
    },
    async sendFrames(sendKey, frames, ack = 0) {
      const encoded = frames.map((frame) => toBinary(ClientFrameSchema, create(ClientFrameSchema, frame)));
      const peer = { address: '127.0.0.1', userAgent: '', bearerToken: '' };
      const result = new Promise<SendFramesResult>((resolve) => {
        node.sendFrames({ sendKey, ack, frames: encoded, peer }, resolve);
      });
      // What is kept longer than the call was copied.
      for (const bytes of encoded) bytes.fill(0xff);
      await settle();
      return result;
    },
    async pass(milliseconds) {
      await settle();
      const until = clock.now() + milliseconds;
      for (let next = clock.nextDue(until); next !== undefined; next = clock.nextDue(until)) {
        clock.moveTo(next);
        await settle();
      }
      clock.moveTo(until);
      await settle();
    },
    async stop() {
      await node.stop();
      await settle();
      const { sessions, connections } = node.figures;
      const [error] = errors;
      if (error !== undefined) throw new Error(`the core logged: ${error.message}`, { cause: error.fields });
      if (sessions + connections + clock.timers > 0) {
        throw new Error(
          `left behind: ${sessions} sessions, ${connections} connections, ${clock.timers} timers`,
        );
      }
    },
  };
}

/** A ServerFrame from its bytes. */
export function decodeFrame(bytes: Uint8Array) {
  return fromBinary(ServerFrameSchema, bytes);
}
