import { create, fromJson, type JsonObject, type MessageInitShape, toJson } from '@bufbuild/protobuf';
import {
  Participant_Kind as Kind,
  type Permissions,
  PermissionsSchema,
} from '../../gen/signalbox/v1/participant_pb.ts';
import { RoomSettingsSchema } from '../../gen/signalbox/v1/room_pb.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Engine } from '../../src/core/engine.ts';
import type { Grants, TokenVerifier } from '../../src/core/grants.ts';
import { type CoreLimits, defaultLimits } from '../../src/core/limits.ts';
import { type RoomProfile, RoomProfiles } from '../../src/core/room/room-profiles.ts';
import type { CoreLog } from '../../src/core/session/session-host.ts';
import { SignalingNode } from '../../src/core/signaling-node.ts';
import type { TokenIssuer } from '../../src/core/token-issuer.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import { nodeCrypto } from '../../src/runtime/node-crypto.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { type ScriptedClient, type ScriptedClientOptions, scriptedClient } from './scripted-client.ts';

/** A permission that the tests' participants have unless they say otherwise. */
const usual = { signal: true, listed: true, updateSelf: true } as const;

export interface TestGrants extends Partial<Omit<Grants, 'permissions'>> {
  readonly permissions?: MessageInitShape<typeof PermissionsSchema>;
}

/** A token that the tests' verifier takes: the grants themselves. */
export function testToken(grants: TestGrants = {}): string {
  const { expiresAt = null, permissions, ...rest } = grants;
  const said = toJson(PermissionsSchema, create(PermissionsSchema, { ...usual, ...permissions }));
  return Buffer.from(JSON.stringify({ ...rest, expiresAt, permissions: said })).toString('base64url');
}

/** Takes what `testToken` makes; refuses everything else. */
export const testVerifier: TokenVerifier = {
  async verify(token) {
    let said: JsonObject;
    try {
      said = JSON.parse(Buffer.from(token, 'base64url').toString()) as JsonObject;
    } catch {
      return { reason: 'invalid', detail: token === '' ? 'no token was given' : 'this is not a token' };
    }
    const { permissions, expiresAt, ...rest } = said;
    return {
      tenant: '',
      keyId: 'test',
      identity: '',
      name: '',
      room: '',
      role: '',
      attributes: {},
      kind: Kind.PERSON,
      mayCreate: false,
      admin: false,
      tokenId: '',
      issuedAt: 0,
      keyMark: '',
      renewUntil: 0,
      ...rest,
      permissions: fromJson(PermissionsSchema, permissions ?? {}) satisfies Permissions,
      expiresAt: typeof expiresAt === 'number' ? expiresAt : Number.POSITIVE_INFINITY,
    };
  },
  recheck: () => undefined,
};

/** Signs tokens that `testVerifier` takes. */
export const testIssuer: TokenIssuer = {
  async issue(issuer, token, lifetimeMs) {
    const { permissions, ...rest } = token;
    const said = testToken({ ...rest, tenant: issuer.tenant, permissions: permissions ?? usual });
    return { token: said, tokenId: 'test', expiresAt: Date.now() + lifetimeMs };
  },
  async renew() {
    return { refused: 'no-key', detail: 'tests that renew tokens bring an issuer' };
  },
};

/** The machine's clock, some time ahead: what the test adds. Timers run in real time. */
export class ShiftedClock implements Clock {
  readonly #timers = new Set<NodeJS.Timeout>();
  #ahead = 0;

  now(): number {
    return Date.now() + this.#ahead;
  }

  /** Lets `milliseconds` pass, without timers. */
  advance(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, milliseconds);
    timer.unref();
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  next(run: () => void): void {
    queueMicrotask(run);
  }

  soon(run: () => void): void {
    setImmediate(run);
  }

  rest(milliseconds: number): void {
    systemClock.rest(milliseconds);
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }
}

export interface NodeKitOptions {
  readonly limits?: Partial<CoreLimits>;
  /** Default: a join creates any room. */
  readonly profiles?: readonly RoomProfile[];
  /** Default: a memory engine. */
  readonly engine?: (options: { clock: Clock; limits: CoreLimits }) => Engine;
  /** Default: `testIssuer`. */
  readonly issuer?: TokenIssuer;
}

export interface NodeKit {
  readonly node: SignalingNode;
  readonly engine: Engine;
  readonly clock: ShiftedClock;
  readonly limits: CoreLimits;
  readonly profiles: RoomProfiles;
  /** Errors that the core logged. */
  readonly errors: { readonly fields: object; readonly message: string }[];
  /** A client whose token grants this, on a lane of its own. */
  client(grants?: TestGrants, options?: ScriptedClientOptions): ScriptedClient;
  /** Ends the node. Throws where it leaves a timer or a session behind, or has logged an error. */
  stop(): Promise<void>;
}

/** A core with an engine, to be driven by scripted clients. */
export async function startNode(options: NodeKitOptions = {}): Promise<NodeKit> {
  const clock = new ShiftedClock();
  const limits = { ...defaultLimits, ...options.limits };
  const crypto = nodeCrypto;
  const engine = options.engine?.({ clock, limits }) ?? new MemoryEngine({ clock, crypto, limits });
  const settings = create(RoomSettingsSchema);
  const profiles = new RoomProfiles(options.profiles ?? [{ pattern: '*', joinCreates: true, settings }]);
  const errors: { fields: object; message: string }[] = [];
  const log: CoreLog = {
    info() {},
    warn() {},
    error: (fields, message) => void errors.push({ fields, message }),
  };
  const node = new SignalingNode({
    engine,
    clock,
    crypto,
    limits,
    profiles,
    verifier: testVerifier,
    issuer: options.issuer ?? testIssuer,
    iceServers: { for: () => ({ servers: [], expiresAt: Number.POSITIVE_INFINITY }) },
    log,
    version: '0.0.0-test',
    region: 'test',
  });
  await node.start();
  return {
    node,
    engine,
    clock,
    limits,
    profiles,
    errors,
    client: (grants = {}, more = {}) =>
      scriptedClient(node.open, { token: testToken({ identity: 'ada', ...grants }), ...more }),
    async stop() {
      await node.stop();
      // What ended may still be on its way out of this tick.
      await new Promise((resolve) => setImmediate(resolve));
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
