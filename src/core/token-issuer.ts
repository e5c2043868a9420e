import type { Participant_Kind, Permissions } from '../../gen/signalbox/v1/participant_pb.ts';
import type { Grants } from './grants.ts';

/** What a new token shall say. Empty texts are left out of it. It never grants `adm`. */
export interface NewToken {
  readonly identity: string;
  readonly name: string;
  /** Room name, `prefix*`, or '' for any. */
  readonly room: string;
  readonly role: string;
  /** Absent: signal, listed and update_self. */
  readonly permissions?: Permissions | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly kind: Participant_Kind;
  readonly mayCreate: boolean;
}

export interface IssuedToken {
  readonly token: string;
  /** `jti`. */
  readonly tokenId: string;
  /** `exp`, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * `invalid`: a value of the new token is outside its range. `no-key`: the gateway cannot sign with the key of the
 * caller's token, because it has only its public half or has it no longer.
 */
export interface IssueRefusal {
  readonly refused: 'invalid' | 'no-key';
  readonly detail: string;
}

/** Signs tokens. Implemented in `auth`. */
export interface TokenIssuer {
  /** Signs with the key, and so for the tenant, of the token that gave `issuer`. */
  issue(issuer: Grants, token: NewToken, lifetimeMs: number): Promise<IssuedToken | IssueRefusal>;
  /**
   * The same token with a later end. It keeps its `jti`, so that revoking the one revokes the other, and says that it was
   * issued now.
   */
  renew(token: Grants, lifetimeMs: number): Promise<IssuedToken | IssueRefusal>;
}

/** Tokens to make void: by `jti`, and all of an identity that were issued until now ('': none). */
export interface Revocation {
  readonly tenant: string;
  readonly tokenIds: readonly string[];
  readonly identity: string;
}

/** Makes tokens void. Implemented in `auth`. */
export interface TokenRevoker {
  /** Returns what tells the sessions that use such tokens; undefined when no further revocations can be kept. */
  revoke(revocation: Revocation): ((grants: Grants) => boolean) | undefined;
}
