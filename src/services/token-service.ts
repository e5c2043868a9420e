import { durationMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import type { CreateTokenRequest, TokenService } from '../../gen/signalbox/v1/token_service_pb.ts';
import type { Eventually } from '../core/eventually.ts';
import type { Grants } from '../core/grants.ts';
import { boundedProblem, identityProblem } from '../core/text.ts';
import type { TokenIssuer, TokenRevoker } from '../core/token-issuer.ts';
import { adminOf } from './authenticate.ts';

export interface TokenServicePorts {
  readonly issuer: TokenIssuer;
  readonly revoker: TokenRevoker;
  /** Ends the sessions whose grants match, with TOKEN_REVOKED, and says how many. */
  readonly closeSessions: (matches: (grants: Grants) => boolean) => Eventually<number>;
}

const defaultLifetimeMs = 3_600_000;
const maxLifetimeMs = 7 * 86_400_000;
/** Token ids in one request: a request stays far below the limit of a body. */
const maxTokenIds = 1000;

/** TokenService: issues and revokes tokens for backends without a JWT library. */
export function tokenService({ issuer, revoker, closeSessions }: TokenServicePorts) {
  return {
    async createToken(request, context) {
      const caller = adminOf(context);
      if (!coversPattern(caller.room, request.room)) {
        throw new ConnectError(`room: your token is for ${caller.room} only`, Code.PermissionDenied);
      }
      const issued = await issuer.issue(caller, request, lifetimeOf(request));
      if ('refused' in issued) {
        throw new ConnectError(
          issued.detail,
          issued.refused === 'invalid' ? Code.InvalidArgument : Code.FailedPrecondition,
        );
      }
      const { token, tokenId, expiresAt } = issued;
      return { token, tokenId, expiresAt: timestampFromMs(expiresAt) };
    },

    async revokeTokens({ tokenIds, identity }, context) {
      const caller = adminOf(context);
      if (caller.room !== '') {
        throw new ConnectError(
          'a token that is bound to a room cannot revoke: tokens are for more than rooms',
          Code.PermissionDenied,
        );
      }
      checkRevocation(tokenIds, identity);
      const matches = revoker.revoke({ tenant: caller.tenant, tokenIds, identity });
      if (matches === undefined) {
        throw new ConnectError('no further revocations can be kept', Code.ResourceExhausted);
      }
      return { sessionsClosed: await closeSessions(matches) };
    },
  } satisfies ServiceImpl<typeof TokenService>;
}

function lifetimeOf({ lifetime }: CreateTokenRequest): number {
  if (lifetime === undefined) return defaultLifetimeMs;
  const milliseconds = durationMs(lifetime);
  if (milliseconds >= 1000 && milliseconds <= maxLifetimeMs) return milliseconds;
  throw new ConnectError('lifetime must be from 1 s to 7 days', Code.InvalidArgument);
}

function checkRevocation(tokenIds: readonly string[], identity: string): void {
  const problem =
    tokenIds.length === 0 && identity === ''
      ? 'token_ids or identity is required'
      : tokenIds.length > maxTokenIds
        ? `token_ids has at most ${maxTokenIds} entries`
        : (tokenIds
            .map((id) => boundedProblem('a token id', id, 1, 128))
            .find((found) => found !== undefined) ??
          (identity === '' ? undefined : identityProblem(identity)));
  if (problem !== undefined) throw new ConnectError(problem, Code.InvalidArgument);
}

/** Whether every room that `inner` covers is covered by `outer`. */
function coversPattern(outer: string, inner: string): boolean {
  if (outer === '') return true;
  if (!outer.endsWith('*')) return inner === outer;
  return (inner.endsWith('*') ? inner.slice(0, -1) : inner).startsWith(outer.slice(0, -1));
}
