import type { ContextKey, HandlerContext, Interceptor } from '@connectrpc/connect';
import { Code, ConnectError, createContextKey } from '@connectrpc/connect';
import { FrameErrorSchema, Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { Grants, TokenRefusal, TokenVerifier } from '../core/grants.ts';
import { isRefusal } from '../core/grants.ts';

/** Who may call: anybody; whoever has a token; backends, whose token grants `adm`. */
export type Access = 'public' | 'token' | 'admin';

const access: Readonly<Record<string, Access>> = {
  'grpc.health.v1.Health': 'public',
  'grpc.reflection.v1.ServerReflection': 'public',
  'grpc.reflection.v1alpha.ServerReflection': 'public',
  'signalbox.v1.IceService': 'token',
  'signalbox.v1.RoomService': 'admin',
  'signalbox.v1.TokenService': 'admin',
  'signalbox.v1.ClusterService': 'admin',
};

/** Who may call a service, by its full name. A service that is not listed is for backends. */
export function accessOf(service: string): Access {
  return (Object.hasOwn(access, service) ? access[service] : undefined) ?? 'admin';
}

const grantsKey: ContextKey<Grants | undefined> = createContextKey<Grants | undefined>(undefined, {
  description: 'grants of the caller',
});

/**
 * Verifies the bearer token (RFC 6750) of every call and keeps what it grants for `grantsOf`. Answers UNAUTHENTICATED with
 * `www-authenticate` when there is no valid token, PERMISSION_DENIED when it does not suffice, UNAVAILABLE when it cannot be
 * verified at the moment. The error's detail is a FrameError with the reason.
 */
export function authenticate(
  verifier: TokenVerifier,
  whoMay: (service: string) => Access = accessOf,
): Interceptor {
  return (next) => async (request) => {
    const needed = whoMay(request.service.typeName);
    if (needed === 'public') return next(request);
    const grants = await verifier.verify(bearerToken(request.header));
    if (isRefusal(grants)) throw refusalError(grants);
    if (needed === 'admin' && !grants.admin) throw notAdmin(request.service.typeName);
    request.contextValues.set(grantsKey, grants);
    return next(request);
  };
}

/** What the caller's token grants. Throws where `authenticate` did not run. */
export function grantsOf(context: Pick<HandlerContext, 'values'>): Grants {
  const grants = context.values.get(grantsKey);
  if (grants === undefined) throw new ConnectError('the call was not authenticated', Code.Internal);
  return grants;
}

/** As grantsOf, for services that are for backends only: also throws when the token does not grant `adm`. */
export function adminOf(context: Pick<HandlerContext, 'values' | 'service'>): Grants {
  const grants = grantsOf(context);
  if (!grants.admin) throw notAdmin(context.service.typeName);
  return grants;
}

/** The token of `authorization: Bearer …`; '' when there is none. Throws UNAUTHENTICATED for another scheme. */
export function bearerToken(header: Headers): string {
  const value = header.get('authorization');
  if (value === null || value.trim() === '') return '';
  const match = /^bearer +([^\s,]+)$/i.exec(value.trim());
  if (match?.[1] !== undefined) return match[1];
  throw unauthenticated(
    Reason.TOKEN_INVALID,
    'authorization must be "Bearer <token>", once',
    'invalid_request',
  );
}

const reasons = {
  invalid: Reason.TOKEN_INVALID,
  expired: Reason.TOKEN_EXPIRED,
  revoked: Reason.TOKEN_REVOKED,
} as const;

function refusalError({ reason, detail }: TokenRefusal): ConnectError {
  if (reason === 'unavailable') {
    const value = { reason: Reason.ENGINE_UNAVAILABLE, retryable: true, detail };
    return new ConnectError(detail, Code.Unavailable, undefined, [{ desc: FrameErrorSchema, value }]);
  }
  return unauthenticated(reasons[reason], detail, 'invalid_token');
}

function unauthenticated(reason: Reason, detail: string, error: string): ConnectError {
  const description = detail.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?');
  const challenge = `Bearer realm="signalbox", error="${error}", error_description="${description}"`;
  const value = { reason, retryable: false, detail };
  return new ConnectError(detail, Code.Unauthenticated, { 'www-authenticate': challenge }, [
    { desc: FrameErrorSchema, value },
  ]);
}

function notAdmin(service: string): ConnectError {
  const detail = `${service} is for backends: the token must have the claim "adm": true`;
  const value = { reason: Reason.DENIED, retryable: false, detail };
  return new ConnectError(detail, Code.PermissionDenied, undefined, [{ desc: FrameErrorSchema, value }]);
}
