import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Claims } from '../../src/auth/token-claims.ts';
import { systemEnvironment } from '../../src/client/environment.ts';
import type { ConnectOptions, Room, RoomEvents, Session } from '../../src/client/index.ts';
import { LiveSession } from '../../src/client/live-session.ts';
import { type RawConfig, resolveConfig } from '../../src/config.ts';
import { type Served, serve } from '../../src/serve.ts';

/** A gateway that runs until the test is finished. */
export interface TestGateway {
  readonly url: string;
  readonly served: Served;
  token(claims: Claims): Promise<string>;
  /** Closes this session before the gateway. */
  closing(session: Session): void;
  /** A session of this identity; closed when the test is finished. */
  connect(
    identity: string,
    options?: Partial<ConnectOptions> & { readonly claims?: Claims },
  ): Promise<Session>;
}

/** A folder that does not exist: tests without a browser need no pages. */
const NO_PAGES = join(import.meta.dirname, 'no-pages');

/** Starts the real gateway on a free port of the loopback. */
export async function startTestGateway(config: RawConfig = {}, webRoot = NO_PAGES): Promise<TestGateway> {
  const log = pino({ level: 'silent' });
  const resolved = resolveConfig({ development: true, port: 0 }, config);
  const served = await serve({ config: resolved, log, version: 'test', webRoot });
  const sessions: Session[] = [];
  onTestFinished(async () => {
    await Promise.all(sessions.map((session) => session.close()));
    await served.close();
  });
  const token = async (claims: Claims) => {
    if (served.developmentTokens === undefined) throw new Error('not in development');
    return served.developmentTokens.issue({ create: true, ...claims });
  };
  return {
    url: served.gateway.url,
    served,
    token,
    closing: (session) => void sessions.push(session),
    async connect(identity, { claims = {}, ...options } = {}) {
      const session = await new LiveSession(systemEnvironment(), [served.gateway.url], {
        token: () => token({ identity, ...claims }),
        deviceId: identity,
        logger: silent,
        ...options,
      }).opened;
      sessions.push(session);
      return session;
    },
  };
}

/** For sessions whose trouble is the test's own. */
export const silent = { warn() {}, error() {} };

/** Resolves with the next event of a room that fits. */
export function next<K extends keyof RoomEvents>(
  room: Room,
  event: K,
  fits: (value: RoomEvents[K]) => boolean = () => true,
): Promise<RoomEvents[K]> {
  return new Promise((resolve) => {
    const stop = room.on(event, (value) => {
      if (!fits(value)) return;
      queueMicrotask(() => stop());
      resolve(value);
    });
  });
}
