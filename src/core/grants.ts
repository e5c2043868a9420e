import type { Participant_Kind, Permissions } from '../../gen/signalbox/v1/participant_pb.ts';
import type { Eventually } from './eventually.ts';

/** What a verified token says: who, where, and what it may do. Immutable; a refreshed token gives a new one. */
export interface Grants {
  /** From the key that signed the token; '' by default. Two tenants never meet. */
  readonly tenant: string;
  /** `kid` of the key in the key file that the token was verified with. */
  readonly keyId: string;
  /** Fingerprint of that key: another key under the same `kid` has another one. */
  readonly keyMark: string;
  /** `sub`; '' asks for an anonymous identity made for the session. 1 to 128 bytes of UTF-8. */
  readonly identity: string;
  /** `name`: display name, or ''. */
  readonly name: string;
  /** `room`: a room name, `prefix*`, or '' for any room. */
  readonly room: string;
  /** `role`: the application's label, or ''. */
  readonly role: string;
  /** `perm`: what a participant with this token may do. */
  readonly permissions: Permissions;
  /** `attrs`: attributes that the client cannot change. */
  readonly attributes: Readonly<Record<string, string>>;
  /** `kind`. */
  readonly kind: Participant_Kind;
  /** `create`: joining may create the room even where the profile does not. */
  readonly mayCreate: boolean;
  /** `adm`: may call the services for backends. */
  readonly admin: boolean;
  /** `jti`, or ''. */
  readonly tokenId: string;
  /** `iat`, in milliseconds since 1970; 0 when absent. */
  readonly issuedAt: number;
  /** `exp`, in milliseconds since 1970; Infinity when absent. */
  readonly expiresAt: number;
  /** `renew`: until then the gateway may renew the token by itself, in milliseconds since 1970; 0 when absent: never. */
  readonly renewUntil: number;
}

/**
 * Why a token was refused, with a sentence for the developer of the client. `unavailable` says nothing about the token:
 * its issuer's keys could not be fetched, and the same token may be good a moment later.
 */
export interface TokenRefusal {
  readonly reason: 'invalid' | 'expired' | 'revoked' | 'unavailable';
  readonly detail: string;
}

/** Verifies tokens. Implemented in `auth`; never throws for a bad token. */
export interface TokenVerifier {
  verify(token: string): Eventually<Grants | TokenRefusal>;
  /**
   * Why a token that was good is good no longer, its end aside: it was revoked, or its key is gone. Undefined: it still is.
   */
  recheck(grants: Grants): TokenRefusal | undefined;
}

export function isRefusal(result: Grants | TokenRefusal): result is TokenRefusal {
  return 'reason' in result;
}

/** Whether `grants` cover `room`. */
export function coversRoom(grants: Grants, room: string): boolean {
  if (grants.room === '') return true;
  return grants.room.endsWith('*') ? room.startsWith(grants.room.slice(0, -1)) : room === grants.room;
}
