import { readClaims } from './claims.ts';
import type { KindName } from './participant-kind.ts';
import type { PermissionClaim } from './permission-claim.ts';

/** What a backend says about a participant. All fields are optional; the claim of the token is given in brackets. */
export interface Claims {
  /** Who (`sub`): 1 to 128 bytes. Absent: an anonymous identity for each session. */
  readonly identity?: string;
  /** Display name (`name`): at most 64 code points; brought to NFC here. */
  readonly name?: string;
  /** Room, or `prefix*` (`room`). Absent: any room. */
  readonly room?: string;
  /** The application's label (`role`): at most 64 bytes. */
  readonly role?: string;
  /** What it may do (`perm`). Absent members have their defaults. */
  readonly permissions?: PermissionClaim;
  /** Attributes that the client cannot change (`attrs`): at most 64 keys and 4 KiB. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** What the participant is (`kind`). Default `person`. */
  readonly kind?: KindName;
  /** Joining may create the room (`create`). Default false. */
  readonly create?: boolean;
  /** May call the services for backends (`adm`). Default false. Never give this to a client. */
  readonly admin?: boolean;
  /** `jti`, for revocation. Default: random. */
  readonly tokenId?: string;
  /**
   * Until then the gateway may renew the token by itself, inside a session that uses it (`renew`), in milliseconds since 1970.
   * Default: never; the client asks its backend. Only keys with a secret can renew.
   */
  readonly renewUntil?: number;
}

/** The claims as a token spells them. Throws ClaimError for values that the gateway would refuse. */
export function writeClaims(claims: Claims): Record<string, unknown> {
  const payload: Record<string, unknown> = {
    sub: claims.identity,
    name: claims.name?.normalize('NFC') || undefined,
    room: claims.room,
    role: claims.role || undefined,
    perm: claims.permissions,
    attrs: claims.attributes,
    kind: claims.kind,
    create: claims.create || undefined,
    adm: claims.admin || undefined,
    jti: claims.tokenId,
    renew: claims.renewUntil ? Math.floor(claims.renewUntil / 1000) : undefined,
  };
  for (const claim of Object.keys(payload)) if (payload[claim] === undefined) delete payload[claim];
  readClaims(payload, { kid: '', tenant: '' });
  return payload;
}
