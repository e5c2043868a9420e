import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Participant_Kind as Kind, PermissionsSchema } from '../../gen/signalbox/v1/participant_pb.ts';
import type { Grants, TokenRefusal, TokenVerifier } from '../../src/core/grants.ts';

export interface TokenRequest {
  readonly identity: string;
  readonly permissions: MessageInitShape<typeof PermissionsSchema>;
  /** Milliseconds since 1970; Infinity: never. */
  readonly expiresAt: number;
}

/** Issues tokens, and knows what each of them says. */
export class ModelTokens implements TokenVerifier {
  readonly #grants = new Map<string, Grants>();
  readonly #revoked = new Set<string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  issue({ identity, permissions, expiresAt }: TokenRequest): string {
    const token = `token ${this.#grants.size}`;
    this.#grants.set(token, {
      tenant: '',
      keyId: 'model',
      identity,
      name: identity,
      room: '',
      role: '',
      permissions: create(PermissionsSchema, { signal: true, listed: true, ...permissions }),
      attributes: {},
      kind: Kind.PERSON,
      mayCreate: false,
      admin: false,
      tokenId: token,
      issuedAt: this.#now(),
      expiresAt,
      keyMark: '',
      renewUntil: 0,
    });
    return token;
  }

  verify(token: string): Grants | TokenRefusal {
    const grants = this.#grants.get(token);
    if (grants === undefined) return { reason: 'invalid', detail: 'nobody issued this token' };
    if (grants.expiresAt <= this.#now()) return { reason: 'expired', detail: 'the token has ended' };
    return this.recheck(grants) ?? grants;
  }

  recheck({ tokenId }: Grants): TokenRefusal | undefined {
    return this.#revoked.has(tokenId) ? { reason: 'revoked', detail: 'the token was revoked' } : undefined;
  }

  /** All tokens of the identity so far are good no longer. */
  revoke(identity: string): void {
    for (const [token, grants] of this.#grants) if (grants.identity === identity) this.#revoked.add(token);
  }
}
