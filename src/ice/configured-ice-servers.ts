import { create } from '@bufbuild/protobuf';
import type { IceServer } from '../../gen/signalbox/v1/ice_pb.ts';
import { IceServerSchema } from '../../gen/signalbox/v1/ice_pb.ts';
import type { IceServerList, IceServers, IceSession } from '../core/ice-servers.ts';
import type { IceServerConfig, SecretServers, TurnSecret } from './ice-config.ts';
import { checkIceServers, defaultTtlMs, minCredentialMs } from './ice-config.ts';
import { turnCredentials } from './turn-credentials.ts';

/** The ICE servers of the configuration, in its order, with fresh TURN credentials for each session. */
export class ConfiguredIceServers implements IceServers {
  readonly #configs: readonly IceServerConfig[];
  readonly #now: () => number;

  /** `now` in milliseconds since 1970. Throws IceConfigError. */
  constructor(configs: readonly IceServerConfig[], now: () => number) {
    checkIceServers(configs, now());
    this.#configs = configs;
    this.#now = now;
  }

  for(session: IceSession): IceServerList {
    const now = this.#now();
    const servers: IceServer[] = [];
    let expiresAt = Number.POSITIVE_INFINITY;
    let keepsRelays = true;
    for (const config of this.#configs) {
      const { urls, region = '' } = config;
      const common = { urls: [...urls], region };
      if (config.auth === 'none') {
        servers.push(create(IceServerSchema, common));
      } else if (config.auth === 'fixed') {
        const { username, credential } = config;
        servers.push(create(IceServerSchema, { ...common, username, credential }));
      } else {
        const end = endOf(config, session, now);
        const user =
          config.user === 'identity' && session.identity !== '' ? session.identity : session.sessionId;
        const { secret } = newestSecret(config.secrets, now);
        const credentials = turnCredentials(secret, user, end, config.digest ?? 'sha1');
        servers.push(create(IceServerSchema, { ...common, ...credentials }));
        expiresAt = Math.min(expiresAt, end);
        keepsRelays &&= config.keepsRelays ?? false;
      }
    }
    return { servers, expiresAt, keepsRelays };
  }
}

/**
 * When credentials end, in milliseconds since 1970 on a whole second: after the configured time, and with the token where that
 * is earlier, but never in less than a minute.
 */
function endOf({ ttlMs = defaultTtlMs }: SecretServers, { tokenExpiresAt }: IceSession, now: number): number {
  const end = Math.max(now + minCredentialMs, Math.min(now + ttlMs, tokenExpiresAt));
  return Math.floor(end / 1000) * 1000;
}

function newestSecret(secrets: readonly TurnSecret[], now: number): TurnSecret {
  const begun = secrets.filter(({ from = 0 }) => from <= now);
  const newest = begun.reduce<TurnSecret | undefined>(
    (best, secret) => (best === undefined || (secret.from ?? 0) > (best.from ?? 0) ? secret : best),
    undefined,
  );
  if (newest === undefined)
    throw new Error('no TURN secret is in force; the clock went back since the start');
  return newest;
}
