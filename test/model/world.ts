import type { ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { Engine } from '../../src/core/engine.ts';
import type { TokenVerifier } from '../../src/core/grants.ts';
import type { CoreLimits } from '../../src/core/limits.ts';
import type { RoomKey } from '../../src/core/room-key.ts';
import type { SignalingNode } from '../../src/core/signaling-node.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { places, rooms, type Setting } from './commands.ts';
import type { Core } from './core.ts';
import type { Gateway } from './gateway.ts';
import { ModelClient, type Persona } from './model-client.ts';
import { modelCrypto } from './model-crypto.ts';
import { type ModelLane, wirings } from './model-lane.ts';
import { type ModelProcess, makeProcess, type ProcessParts, restartProcess } from './model-process.ts';
import { ModelTokens, type TokenRequest } from './model-tokens.ts';
import { SessionWatch } from './session-watch.ts';
import { WillWatch } from './will-watch.ts';

/** Two devices of one identity, and one who may moderate. Who comes after somebody is of the same identity and device. */
export const personas: readonly Persona[] = [
  { identity: 'ada', device: 'phone', permissions: {} },
  { identity: 'bob', device: 'page', permissions: {} },
  { identity: 'ada', device: 'laptop', permissions: {} },
  { identity: 'cem', device: 'page', permissions: {} },
  { identity: 'mia', device: 'desk', permissions: { moderate: true } },
];

/** More ticks than anything needs: a tick that always asks for another one is a defect. */
const mostTicks = 1000;
/** The same, where each of them is a single step. */
const mostSteps = 20_000;

/** Makes the surroundings of the core asynchronous, where a test wants that. */
export interface Surroundings {
  /** Steps are taken one by one, and commands come between them. */
  readonly isStepwise: boolean;
  clock(): VirtualClock;
  engine(engine: Engine): Engine;
  verifier(verifier: TokenVerifier): TokenVerifier;
  /** Runs what is under way, or one step of it. False: nothing was. */
  turn(): Promise<boolean>;
}

const plain: Surroundings = {
  isStepwise: false,
  clock: () => new VirtualClock(),
  engine: (engine) => engine,
  verifier: (verifier) => verifier,
  async turn() {
    await new Promise((resolve) => setImmediate(resolve));
    return false;
  },
};

/** A gateway with its clients, on virtual time and in memory. */
export class World implements Gateway {
  readonly clock: VirtualClock;
  readonly limits: CoreLimits;
  readonly watch: SessionWatch;
  readonly wills: WillWatch;
  /** All clients that ever were. */
  readonly clients: ModelClient[] = [];
  /** Rooms that were ended: what they kept is gone. */
  readonly endedRooms = new Set<string>();
  readonly errors: string[] = [];
  readonly rooms = rooms;
  readonly #places: ModelClient[] = [];
  readonly #tokens: ModelTokens;
  readonly #surroundings: Surroundings;
  readonly #parts: ProcessParts;
  #process: ModelProcess;
  #stamps = 0;

  private constructor(core: Core, setting: Setting, surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.clock = surroundings.clock();
    const now = () => this.clock.now();
    const limits = { ...core.defaultLimits, ...modelLimits, ...setting };
    this.limits = limits;
    this.#tokens = new ModelTokens(now);
    this.watch = new SessionWatch(() => this.#process.store, limits, now);
    this.wills = new WillWatch(
      () => this.#process.store,
      () => this.clients,
    );
    this.#parts = {
      ...{ core, clock: this.clock, crypto: modelCrypto(), limits },
      verifier: surroundings.verifier(this.#tokens),
      before: {
        endSession: (session) => this.watch.ending(session),
        publish: (key, message) => this.wills.published(key, message),
        leave: (key, session, { reason }) => this.wills.leaving(key, nameOf(key), session, reason),
      },
      wrap: (engine) => surroundings.engine(engine),
      failed: (what) => this.errors.push(what),
    };
    this.#process = makeProcess(this.#parts);
    for (const persona of personas) this.#places.push(this.#newClient(persona));
  }

  static async start(core: Core, setting: Setting, surroundings = plain): Promise<World> {
    const world = new World(core, setting, surroundings);
    await world.node.start();
    return world;
  }

  get node(): SignalingNode {
    return this.#process.node;
  }

  get engine(): Engine {
    return this.#process.engine;
  }

  /** The gateway is started anew. What is under way in an engine would have to be waited for: not where steps are taken. */
  async restart(): Promise<void> {
    if (this.isStepwise) return;
    await this.settle();
    this.#process = await restartProcess(this.#process, this.#parts);
  }

  get isStepwise(): boolean {
    return this.#surroundings.isStepwise;
  }

  /** Brings the first so many clients into the first room. */
  async gatherCrowd(size: number): Promise<void> {
    for (const [index, wiring] of wirings.entries()) {
      for (let place = index; place < size; place += wirings.length) {
        const expiresAt = Number.POSITIVE_INFINITY;
        this.client(place).connect({ wiring, attempt: 'next', closeFirst: true, expiresAt });
      }
    }
    await this.settle();
  }

  get live(): ModelClient[] {
    return this.clients.filter(({ isStopped }) => !isStopped);
  }

  /** The client in this place: a new one, where the last one is over. */
  client(place: number): ModelClient {
    const index = place % places;
    const client = this.#places[index];
    if (client !== undefined && !client.isStopped) return client;
    const persona = personas[index] as Persona;
    const next = this.#newClient(persona);
    this.#places[index] = next;
    return next;
  }

  /** Somebody who knows all that this client knows. */
  duplicate(client: ModelClient, attempt: number): ModelClient {
    const copy = client.duplicate(`c${this.clients.length}`, attempt);
    this.clients.push(copy);
    return copy;
  }

  readonly open = (lane: Parameters<SignalingNode['open']>[0]) => this.node.open(lane);
  readonly sendFrames = (...args: Parameters<SignalingNode['sendFrames']>) => this.node.sendFrames(...args);
  readonly stamp = () => {
    this.#stamps += 1;
    return this.clock.now() + this.#stamps * 1e-3;
  };

  token(request: TokenRequest): string {
    return this.#tokens.issue(request);
  }

  /** A backend takes back all that it gave this identity. */
  revoke(identity: string): void {
    this.watch.revoke(identity);
    this.#tokens.revoke(identity);
    this.node.closeSessions((grants) => grants.identity === identity, Reason.TOKEN_REVOKED, 'revoked');
  }

  wrote(lane: ModelLane, frame: ServerFrame): void {
    this.watch.wrote(lane, frame);
  }

  lost(lane: ModelLane): void {
    this.watch.lost(lane);
  }

  /** Runs until nothing is left to do. */
  async settle(): Promise<void> {
    const most = this.#surroundings.isStepwise ? mostSteps : mostTicks;
    for (let turns = 0; turns < most; turns += 1) if (!(await this.#turn())) return;
    throw new Error(`after ${most} ticks there is still something to do`);
  }

  /** Takes so many steps; where there are none, runs until nothing is left to do. */
  async step(steps: number): Promise<void> {
    if (!this.#surroundings.isStepwise) return this.settle();
    for (let taken = 0; taken < steps; taken += 1) if (!(await this.#turn())) return;
  }

  /** Lets time pass, with all that falls due, and so many steps with each of it. */
  async pass(milliseconds: number, steps?: number): Promise<void> {
    const goOn = () => (steps === undefined ? this.settle() : this.step(steps));
    await goOn();
    const until = this.clock.now() + milliseconds;
    for (let next = this.clock.nextDue(until); next !== undefined; next = this.clock.nextDue(until)) {
      this.clock.moveTo(next);
      await goOn();
    }
    this.clock.moveTo(until);
    await goOn();
  }

  async #turn(): Promise<boolean> {
    let busy = await this.#surroundings.turn();
    for (const client of this.clients) if (client.answer()) busy = true;
    if (!busy && !this.clock.hasSoon) return false;
    this.clock.tick();
    return true;
  }

  #newClient(persona: Persona): ModelClient {
    const client = new ModelClient(this, `c${this.clients.length}`, persona);
    this.clients.push(client);
    return client;
  }
}

/** Key of a room, as the core makes it of the empty tenant. */
export function keyOf(room: string): RoomKey {
  return `\u0000${room}` as RoomKey;
}

function nameOf(key: RoomKey): string {
  return key.slice(key.indexOf('\u0000') + 1);
}

const modelLimits = {
  inboxBytes: 2500,
  historyMessages: 4,
  resumeWindowMs: 5000,
  holdMs: 8000,
  pingIntervalMs: 2000,
  pongTimeoutMs: 1500,
  ackFrames: 3,
} satisfies Partial<CoreLimits>;
