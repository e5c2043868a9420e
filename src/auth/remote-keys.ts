import type { JWKSCacheInput, JWTVerifyGetKey } from 'jose';
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwksCache } from 'jose';

/** The keys of an issuer could not be fetched: nothing is known about the token. The cause is for the log. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

export interface RemoteKeysOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds until a request to the issuer is given up. Default 5,000. */
  readonly timeoutMs?: number;
  /** Milliseconds between fetches for a key that the set does not have. Default 30,000. */
  readonly cooldownMs?: number;
  /** Milliseconds after which the set is fetched again. Default 600,000. */
  readonly maxAgeMs?: number;
  /** Milliseconds without fetches after one that failed. Default 2,000. */
  readonly retryAfterMs?: number;
  /** Milliseconds that an older set may still be used while the issuer is away. Default 3,600,000. */
  readonly maxStaleMs?: number;
}

/** A set of a hundred RSA keys with their certificates stays below. */
const maxSetBytes = 1024 * 1024;

/**
 * Resolves keys from a JWKS URL. The set is cached; a token with an unknown `kid` leads to at most one fetch per
 * cooldown; while the issuer is away the last set serves on for `maxStaleMs`. Throws KeysUnavailableError when no set can be
 * had, and jose's errors when the set has no fitting key.
 */
export function remoteKeys(url: URL, options: RemoteKeysOptions): JWTVerifyGetKey {
  const { now, retryAfterMs = 2_000, maxStaleMs = 3_600_000 } = options;
  let failedAt = Number.NEGATIVE_INFINITY;
  const cache: JWKSCacheInput & { uat?: number } = {};
  const remote = createRemoteJWKSet(url, {
    timeoutDuration: options.timeoutMs ?? 5_000,
    cooldownDuration: options.cooldownMs ?? 30_000,
    cacheMaxAge: options.maxAgeMs ?? 600_000,
    [jwksCache]: cache,
    [customFetch]: async (resource, init) => {
      if (now() - failedAt < retryAfterMs) throw new Error('the issuer failed to answer a moment ago');
      return boundedResponse(await fetch(resource, init));
    },
  });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      if (now() - failedAt >= retryAfterMs) failedAt = now();
      const stale = now() - (cache.uat ?? 0) < maxStaleMs ? remote.jwks() : undefined;
      const key = stale === undefined ? undefined : await staleKey(createLocalJWKSet(stale), header, token);
      if (key !== undefined) return key;
      throw new KeysUnavailableError(`cannot fetch the keys at ${url.href}`, { cause: error });
    }
  };
}

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

async function staleKey(...[keys, header, token]: [JWTVerifyGetKey, ...Parameters<JWTVerifyGetKey>]) {
  try {
    return await keys(header, token);
  } catch {
    return undefined;
  }
}

async function boundedResponse(response: Response): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    bytes += read.value.length;
    if (bytes > maxSetBytes) {
      await reader?.cancel();
      throw new Error(`the key set has more than ${maxSetBytes} bytes`);
    }
    chunks.push(read.value);
  }
  return new Response(new Blob(chunks), { status: response.status });
}
