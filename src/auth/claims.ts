import type { Grants } from '../core/grants.ts';
import {
  attributesProblem,
  boundedProblem,
  displayNameProblem,
  identityProblem,
  roleProblem,
  roomPatternProblem,
} from '../core/text.ts';
import { ClaimError } from './claim-error.ts';
import { readKind } from './participant-kind.ts';
import { readPermissions } from './permission-claim.ts';

/** Of the claims `iat`, `exp` and `renew`: the last second of the year 9999, where a protobuf Timestamp ends. */
const lastSecond = 253_402_300_799;

/**
 * Reads the claims of a token whose signature, type, issuer, audience and times were verified. Throws ClaimError. Claims
 * that this gateway does not know are ignored (RFC 7519, 4); members of `perm` are not.
 */
export function readClaims(
  payload: Readonly<Record<string, unknown>>,
  key: { readonly kid: string; readonly tenant: string; readonly mark?: string },
): Grants {
  return Object.freeze({
    tenant: key.tenant,
    keyId: key.kid,
    keyMark: key.mark ?? '',
    identity: readText(payload, 'sub', identityProblem),
    name: readText(payload, 'name', displayNameProblem),
    room: readText(payload, 'room', roomClaimProblem),
    role: readText(payload, 'role', roleProblem),
    permissions: readPermissions(payload.perm),
    attributes: readAttributes(payload.attrs),
    kind: readKind(payload.kind),
    mayCreate: readFlag(payload, 'create'),
    admin: readFlag(payload, 'adm'),
    tokenId: readText(payload, 'jti', tokenIdProblem),
    issuedAt: readTime(payload, 'iat', 0),
    expiresAt: readTime(payload, 'exp', Number.POSITIVE_INFINITY),
    renewUntil: readTime(payload, 'renew', 0),
  });
}

function readText(
  payload: Readonly<Record<string, unknown>>,
  claim: string,
  problemOf: (text: string) => string | undefined,
): string {
  const value = payload[claim];
  if (value === undefined) return '';
  if (typeof value !== 'string') throw new ClaimError(claim, 'must be a string');
  const problem = problemOf(value);
  if (problem !== undefined) throw new ClaimError(claim, problem);
  return value;
}

/** An empty `room` is more likely a variable without a value than the wish for all rooms. */
function roomClaimProblem(text: string): string | undefined {
  return text === '' ? 'must not be empty; leave it out for any room' : roomPatternProblem(text);
}

function tokenIdProblem(text: string): string | undefined {
  return boundedProblem('a token id', text, 1, 128);
}

function readFlag(payload: Readonly<Record<string, unknown>>, claim: string): boolean {
  const value = payload[claim];
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw new ClaimError(claim, 'must be true or false');
  return value;
}

function readTime(payload: Readonly<Record<string, unknown>>, claim: string, absent: number): number {
  const value = payload[claim];
  if (value === undefined) return absent;
  if (typeof value !== 'number' || !(value >= 0 && value <= lastSecond)) {
    throw new ClaimError(claim, 'must be a time in seconds since 1970 (RFC 7519, NumericDate)');
  }
  return Math.round(value * 1000);
}

function readAttributes(claim: unknown): Readonly<Record<string, string>> {
  if (claim === undefined) return Object.freeze({});
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) {
    throw new ClaimError('attrs', 'must be an object of strings');
  }
  const attributes: Record<string, string> = { ...claim };
  for (const [key, value] of Object.entries<unknown>(attributes)) {
    if (typeof value !== 'string') throw new ClaimError('attrs', `${JSON.stringify(key)} must be a string`);
  }
  const problem = attributesProblem(attributes);
  if (problem !== undefined) throw new ClaimError('attrs', problem);
  return Object.freeze(attributes);
}
