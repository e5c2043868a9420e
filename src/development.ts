import type { FastifyInstance } from 'fastify';
import type { KeyStore } from './auth/key-store.ts';
import type { Claims } from './auth/token-claims.ts';
import { signToken } from './auth/token-signer.ts';

/** Life of a development token, in milliseconds. */
const lifetimeMs = 12 * 3_600_000;
/** How long the gateway renews it by itself, in milliseconds. */
const renewalMs = 7 * 86_400_000;

export interface DevelopmentTokensOptions {
  readonly keys: KeyStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newTokenId: () => string;
  /** Exact web origins whose pages may ask too. */
  readonly origins: readonly string[];
}

/** Tokens for whoever asks: development only. */
export class DevelopmentTokens {
  readonly #options: DevelopmentTokensOptions;

  constructor(options: DevelopmentTokensOptions) {
    this.#options = options;
  }

  /** Throws an Error that says which claim is outside its range, or that there is no secret to sign with. */
  async issue(claims: Claims): Promise<string> {
    const { keys, now, newTokenId } = this.#options;
    const key = keys.current.signing;
    if (key === undefined) throw new Error('the key file has no secret to sign development tokens with');
    const options = { now: now(), lifetimeMs, tokenId: newTokenId() };
    const renewable = { renewUntil: now() + renewalMs, ...claims };
    const { token } = await signToken({ ...key, alg: 'HS256' }, renewable, options);
    return token;
  }

  /** `GET /dev/token?room=&identity=&name=&role=&moderate=1&hub=1&admin=1`: a token as plain text. */
  register(app: FastifyInstance): void {
    app.get('/dev/token', async (request, reply) => {
      const query = request.query as Readonly<Record<string, string | undefined>>;
      reply.header('cache-control', 'no-store').type('text/plain; charset=utf-8');
      const { origin } = request.headers;
      if (origin !== undefined && this.#options.origins.includes(origin))
        reply.headers({ 'access-control-allow-origin': origin, vary: 'Origin' });
      try {
        return await this.issue(claimsOf(query));
      } catch (error) {
        reply.code(400);
        return error instanceof Error ? error.message : 'the token could not be made';
      }
    });
  }
}

function claimsOf(query: Readonly<Record<string, string | undefined>>): Claims {
  const texts = ['identity', 'name', 'room', 'role'] as const;
  const given = texts.filter((name) => query[name] !== undefined && query[name] !== '');
  return {
    ...Object.fromEntries(given.map((name) => [name, query[name]])),
    permissions: { moderate: query['moderate'] === '1', hub: query['hub'] === '1' },
    create: true,
    admin: query['admin'] === '1',
  };
}
