import type { Logger } from 'pino';
import { ClusterService } from '../gen/signalbox/v1/cluster_service_pb.ts';
import { IceService } from '../gen/signalbox/v1/ice_pb.ts';
import { Reason } from '../gen/signalbox/v1/reason_pb.ts';
import { RoomService } from '../gen/signalbox/v1/room_service_pb.ts';
import { SignalingService } from '../gen/signalbox/v1/signaling_service_pb.ts';
import { TokenService } from '../gen/signalbox/v1/token_service_pb.ts';
import { loadKeys } from './auth/key-store.ts';
import { RevocationList } from './auth/revocation-list.ts';
import { JwtIssuer } from './auth/token-issuer.ts';
import { JwtVerifier } from './auth/token-verifier.ts';
import type { Config } from './config.ts';
import { RoomProfiles } from './core/room/room-profiles.ts';
import { SignalingNode } from './core/signaling-node.ts';
import { DevelopmentTokens } from './development.ts';
import { MemoryEngine } from './engine/memory/memory-engine.ts';
import { type Gateway, startGateway } from './gateway/gateway.ts';
import { lanAddresses } from './gateway/lan-addresses.ts';
import { LoadAdmission } from './gateway/load-admission.ts';
import { selfSignedTls } from './gateway/self-signed.ts';
import type { TlsSource } from './gateway/tls.ts';
import { HandOver } from './hand-over.ts';
import { ConfiguredIceServers } from './ice/configured-ice-servers.ts';
import { classicDialect } from './lanes/classic/classic.ts';
import { signalingEndpoints } from './lanes/envelope/signaling-endpoints.ts';
import { acceptWebSocket } from './lanes/websocket/accept.ts';
import { EventLoopDelay } from './runtime/event-loop-delay.ts';
import { nodeCrypto } from './runtime/node-crypto.ts';
import { checkStateFile } from './runtime/state-file.ts';
import { systemClock } from './runtime/system-clock.ts';
import { authenticate } from './services/authenticate.ts';
import { clusterService } from './services/cluster-service.ts';
import { HealthState, registerHealth } from './services/health.ts';
import { iceService } from './services/ice-service.ts';
import { registerReflection } from './services/reflection.ts';
import { roomService } from './services/room-service.ts';
import { tokenService } from './services/token-service.ts';
import { untilFrozen } from './services/until-frozen.ts';
import { endNow, type ShutDownParts, shutDown } from './shut-down.ts';

/** Room for a frame's wrapper and envelope beside its largest size. */
const wrapperBytes = 1024;
const closeTimeoutMs = 2_000;

const services = [SignalingService, RoomService, TokenService, IceService, ClusterService];

export interface ServeOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  /** Folder of the built page and SDK. */
  readonly webRoot: string;
}

/** A gateway that runs. */
export interface Served {
  readonly gateway: Gateway;
  readonly node: SignalingNode;
  /** Present in development. */
  readonly developmentTokens: DevelopmentTokens | undefined;
  /**
   * Ends it within the drain's deadline: not ready at once, clients are told to go, the rest is ended, able to resume, and with
   * a state file left to the next process. `balanced`: others may send clients here until they have looked at its health.
   */
  drain(balanced: boolean): Promise<void>;
  /** Ends it now: sessions are told, connections end, nothing is left. */
  close(): Promise<void>;
}

/** Puts the pieces together and opens the port. Throws an Error that says what to do where something is missing. */
export async function serve({ config, log, version, webRoot }: ServeOptions): Promise<Served> {
  const clock = systemClock;
  const now = () => clock.now();
  if (config.state !== undefined) checkStateFile(config.state);
  const keys = await loadKeys({
    file: config.keyFile,
    development: config.development,
    log,
    remote: { now },
  });
  try {
    const { limits, region } = config;
    const revocations = new RevocationList({ now });
    const verifier = new JwtVerifier({ keys, revocations, log, now });
    const issuer = new JwtIssuer({ keys, now, newTokenId: () => nodeCrypto.random(12) });
    const iceServers = new ConfiguredIceServers(config.iceServers, now);
    const profiles = new RoomProfiles(config.rooms);
    const engine = new MemoryEngine({ clock, crypto: nodeCrypto, limits });
    const delay = new EventLoopDelay();
    const admission = new LoadAdmission({ limits: config.portLimits, delayMs: () => delay.ms });
    const node = new SignalingNode({
      ...{ engine, clock, limits, profiles, verifier, issuer, iceServers, log, version, region },
      ...{ crypto: nodeCrypto, admission },
    });
    await node.start();
    const holders = { node, engine, revocations };
    const handOver =
      config.state === undefined
        ? undefined
        : new HandOver({ path: config.state, version, limits, now, log });
    handOver?.takeUp(holders);
    keys.onChange(() => {
      const ended = node.recheckTokens();
      if (ended > 0)
        log.warn({ sessions: ended }, 'sessions were sent away: the keys of their tokens are gone');
    });
    const newTokenId = () => nodeCrypto.random(12);
    const developmentTokens = config.development
      ? new DevelopmentTokens({ keys, now, newTokenId, origins: config.origins })
      : undefined;
    const health = new HealthState(services.map(({ typeName }) => typeName));
    const gateway = await startGateway({
      host: config.host,
      port: config.port,
      tls: await tlsOf(config),
      endpoints: signalingEndpoints(
        { openLane: node.open, sendFrames: node.sendFrames },
        { maxMessageBytes: limits.frameBytes + wrapperBytes },
      ).values(),
      routes: (router) => {
        registerHealth(router, health);
        registerReflection(router, services);
        const guarded = { interceptors: [untilFrozen(node), authenticate(verifier)] };
        router.service(
          RoomService,
          roomService({ engine, profiles, clock, limits, issuer, crypto: nodeCrypto }),
          guarded,
        );
        router.service(
          ClusterService,
          clusterService({ node, version, region, isDraining: () => !health.isServing }),
          guarded,
        );
        router.service(IceService, iceService(iceServers), guarded);
        const closeSessions = (fits: Parameters<typeof node.closeSessions>[0]) =>
          node.closeSessions(fits, Reason.TOKEN_REVOKED, 'the token of this session was revoked');
        router.service(TokenService, tokenService({ issuer, revoker: revocations, closeSessions }), guarded);
      },
      webSocket: webSocketHandler(config, node, developmentTokens),
      webRoot,
      pages: (app) => developmentTokens?.register(app),
      origins: { allowed: config.origins, setting: 'origins' },
      trustedProxies: config.trustedProxies,
      admission,
      limits: config.portLimits,
      isServing: () => health.isServing,
      bound: () => handOver?.clear(),
      log,
    });
    const state = handOver && { handOver, holders };
    const parts: ShutDownParts = { clock, health, keys, node, gateway, state };
    const { alternates, drainSeconds } = config;
    const drain = (balanced: boolean) =>
      shutDown(parts, { deadlineMs: drainSeconds * 1000, alternates, balanced });
    return { gateway, node, developmentTokens, drain, close: () => endNow(parts) };
  } catch (error) {
    keys.close();
    throw error;
  }
}

async function tlsOf({ lan, tls }: Config): Promise<TlsSource | undefined> {
  return lan ? selfSignedTls(lanAddresses(), new Date(systemClock.now())) : tls;
}

function webSocketHandler(
  { classic, limits }: Config,
  { open }: SignalingNode,
  developmentTokens: DevelopmentTokens | undefined,
) {
  const openClassic =
    classic === undefined
      ? undefined
      : classicDialect({
          open,
          room: classic.room,
          tokenFor: async (identity) => {
            if (developmentTokens !== undefined) return developmentTokens.issue({ identity });
            throw new Error('bring a token: this gateway does not give any');
          },
        });
  return (
    request: Parameters<typeof acceptWebSocket>[0],
    socket: Parameters<typeof acceptWebSocket>[1],
    head: Uint8Array,
    { address }: { readonly address: string },
  ): void =>
    acceptWebSocket(request, socket, head, {
      open,
      ...(openClassic === undefined ? {} : { openClassic }),
      address,
      maxMessageBytes: limits.frameBytes + wrapperBytes,
      closeTimeoutMs,
    });
}
