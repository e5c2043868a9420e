import { parseIceUrl } from './ice-url.ts';
import type { TurnDigest } from './turn-credentials.ts';

/** Servers that are reached with the same credentials. */
export type IceServerConfig = OpenServers | FixedServers | SecretServers;

interface Servers {
  /** `stun:`, `stuns:`, `turn:`, `turns:` URLs (RFC 7064, RFC 7065); at least one. */
  readonly urls: readonly string[];
  /** Region of the servers. Default ''. */
  readonly region?: string;
}

/** STUN servers: no credentials. */
export interface OpenServers extends Servers {
  readonly auth: 'none';
}

/** TURN servers with one user name and password for everybody: for tests and closed networks. */
export interface FixedServers extends Servers {
  readonly auth: 'fixed';
  readonly username: string;
  readonly credential: string;
}

/** TURN servers that share a secret with the gateway (coturn: `use-auth-secret`). */
export interface SecretServers extends Servers {
  readonly auth: 'secret';
  /** At least one; the newest whose time has come signs. */
  readonly secrets: readonly TurnSecret[];
  /** Default `sha1`. */
  readonly digest?: TurnDigest;
  /** Milliseconds that credentials live at most, at least 60,000. Default 86,400,000. */
  readonly ttlMs?: number;
  /**
   * Whether relayed connections go on when the credentials that they were made with end. coturn looks at the end as a connection
   * is made and not again; other servers refuse to refresh it. Default false: clients restart ICE in time.
   */
  readonly keepsRelays?: boolean;
  /** What the user name shows to the TURN server and to the network. Default `session`. */
  readonly user?: 'session' | 'identity';
}

export interface TurnSecret {
  readonly secret: string;
  /** Signs from this time on, in milliseconds since 1970. Default 0. Of equals the first in the list signs. */
  readonly from?: number;
}

/** The ICE servers cannot be used. The message lists all that is wrong and holds no secret. */
export class IceConfigError extends Error {
  override readonly name = 'IceConfigError';
}

/** Credentials never live shorter: a client needs time to allocate, and clocks differ. */
export const minCredentialMs = 60_000;
/** Milliseconds that credentials live at most where nothing else is said. */
export const defaultTtlMs = 86_400_000;

/** Throws IceConfigError when a client could not use what `servers` say. */
export function checkIceServers(servers: readonly IceServerConfig[], now: number): void {
  const problems = servers.flatMap((server, index) => problemsOf(server, `iceServers[${index}]`, now));
  if (problems.length > 0) throw new IceConfigError(problems.join('; '));
}

function problemsOf(server: IceServerConfig, place: string, now: number): string[] {
  const problems: string[] = [];
  if (server.urls.length === 0) problems.push(`${place}.urls is empty`);
  for (const url of server.urls) {
    const parsed = parseIceUrl(url);
    if ('problem' in parsed) {
      problems.push(`${place}.urls: ${JSON.stringify(url)} ${parsed.problem}`);
    } else if (server.auth === 'none' && parsed.scheme.startsWith('turn')) {
      problems.push(`${place}.urls: ${JSON.stringify(url)} needs a username and credential, or a secret`);
    }
  }
  if (server.auth === 'fixed') {
    if (server.username === '') problems.push(`${place}.username is empty`);
    if (server.credential === '') problems.push(`${place}.credential is empty`);
  }
  if (server.auth === 'secret') problems.push(...secretProblems(server, place, now));
  return problems;
}

function secretProblems({ secrets, ttlMs }: SecretServers, place: string, now: number): string[] {
  const problems: string[] = [];
  if (secrets.some(({ secret }) => secret === '')) problems.push(`${place}.secrets has an empty secret`);
  if (!secrets.some(({ from = 0 }) => from <= now)) {
    problems.push(`${place}.secrets has none whose time ("from") has come`);
  }
  if (ttlMs !== undefined && !(ttlMs >= minCredentialMs && Number.isFinite(ttlMs))) {
    problems.push(`${place}.ttlMs must be at least ${minCredentialMs}`);
  }
  return problems;
}
