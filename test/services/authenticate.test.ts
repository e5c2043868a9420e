import { fromBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, createContextValues } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IceService } from '../../gen/signalbox/v1/ice_pb.ts';
import { FrameErrorSchema, Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { TokenService } from '../../gen/signalbox/v1/token_service_pb.ts';
import type { Claims } from '../../src/auth/token-claims.ts';
import { signToken } from '../../src/auth/token-signer.ts';
import { accessOf, adminOf, authenticate, bearerToken, grantsOf } from '../../src/services/authenticate.ts';
import { noon, secretOf, verifierKit } from '../helpers/auth-kit.ts';
import { serve } from './service-kit.ts';

const list = 'signalbox.v1.IceService/ListIceServers';
const revoke = 'signalbox.v1.TokenService/RevokeTokens';
const key = { kid: 'main', alg: 'HS256', secret: secretOf('a') };
const away = { kid: 'idp', jwks: 'http://127.0.0.1:9/jwks.json', issuer: 'https://idp/' };

let kit: Awaited<ReturnType<typeof verifierKit>>;
let server: Awaited<ReturnType<typeof serve>>;
let seen: string[];

beforeEach(async () => {
  kit = await verifierKit([key, away]);
  seen = [];
  server = await serve((router) => {
    router.service(IceService, {
      listIceServers(_request, context) {
        seen.push(grantsOf(context).identity);
        return {};
      },
    });
    router.service(TokenService, {
      revokeTokens(_request, context) {
        seen.push(grantsOf(context).identity);
        return {};
      },
    });
  }, authenticate(kit.verifier));
});
afterEach(() => server.stop());

async function token(claims: Claims, lifetimeMs = 60_000): Promise<string> {
  const signing = kit.store.current.signing;
  if (signing === undefined) throw new Error('no key');
  const issued = await signToken({ ...signing, alg: 'HS256' }, claims, {
    now: noon,
    lifetimeMs,
    tokenId: 't',
  });
  return issued.token;
}

/** The reason in the error's detail, as a client reads it. */
function reasonOf(details: readonly { type: string; value?: string }[] | undefined): Reason | undefined {
  const detail = details?.find(({ type }) => type === FrameErrorSchema.typeName);
  return detail?.value === undefined
    ? undefined
    : fromBinary(FrameErrorSchema, Buffer.from(detail.value, 'base64')).reason;
}

describe('a call', () => {
  it('with a valid token reaches its service with what the token grants', async () => {
    expect((await server.call(list, {}, await token({ identity: 'ada' }))).status).toBe(200);
    expect((await server.call(revoke, {}, await token({ identity: 'root', admin: true }))).status).toBe(200);
    expect(seen).toEqual(['ada', 'root']);
  });

  it.each<[string, (() => Promise<string>) | undefined, Reason, RegExp]>([
    ['no token', undefined, Reason.TOKEN_INVALID, /no token was given/],
    ['a bad token', async () => 'abc', Reason.TOKEN_INVALID, /is not a signed JWT/],
    ['an expired token', () => token({}, -60_000), Reason.TOKEN_EXPIRED, /the token ended at/],
    ['a revoked token', () => token({ identity: 'gone' }), Reason.TOKEN_REVOKED, /was revoked/],
  ])(
    'with %s is answered with UNAUTHENTICATED, the reason and a challenge',
    async (_what, make, reason, message) => {
      kit.revocations.revoke({ tenant: '', tokenIds: [], identity: 'gone' });
      const { status, body, headers } = await server.call(list, {}, await make?.());
      expect(status).toBe(401);
      expect(body.code).toBe('unauthenticated');
      expect(body.message).toMatch(message);
      expect(reasonOf(body.details)).toBe(reason);
      expect(headers.get('www-authenticate')).toMatch(
        /^Bearer realm="signalbox", error="invalid_token", error_description="[^"\\]+"$/,
      );
      expect(seen).toEqual([]);
    },
  );

  it('to a service for backends with the token of a client is answered with PERMISSION_DENIED', async () => {
    const { status, body } = await server.call(revoke, {}, await token({ identity: 'ada' }));
    expect(status).toBe(403);
    expect(body).toMatchObject({
      code: 'permission_denied',
      message: 'signalbox.v1.TokenService is for backends: the token must have the claim "adm": true',
    });
    expect(reasonOf(body.details)).toBe(Reason.DENIED);
    expect(seen).toEqual([]);
  });

  it('whose token cannot be verified at the moment is answered with UNAVAILABLE and no challenge', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const header = { alg: 'ES256', kid: 'x', typ: 'signalbox+jwt' };
    const { status, body, headers } = await server.call(
      list,
      {},
      `${part(header)}.${part({ iss: 'https://idp/' })}.AAAA`,
    );
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'unavailable' });
    expect(headers.get('www-authenticate')).toBeNull();
  });

  it('with another scheme is told which one to use', async () => {
    const { status, body, headers } = await server.call(list, {}, undefined, { authorization: 'Basic YTpi' });
    expect(status).toBe(401);
    expect(body.message).toBe('authorization must be "Bearer <token>", once');
    expect(headers.get('www-authenticate')).toContain('error="invalid_request"');
  });
});

describe('the bearer token', () => {
  const read = (value: string) => bearerToken(new Headers({ authorization: value }));

  it('is read whatever the case of its scheme', () => {
    expect(read('Bearer abc')).toBe('abc');
    expect(read('bearer  abc ')).toBe('abc');
    expect(bearerToken(new Headers())).toBe('');
  });

  it('is refused when there are two', () => {
    const headers = new Headers([
      ['authorization', 'Bearer a'],
      ['authorization', 'Bearer b'],
    ]);
    expect(() => bearerToken(headers)).toThrow(/once/);
    expect(() => read('Bearer')).toThrow(/Bearer <token>/);
    expect(() => read('Bearer a b')).toThrow(/once/);
  });
});

describe('access', () => {
  it('to a service that nobody thought of is for backends', () => {
    expect(accessOf('signalbox.v1.NewService')).toBe('admin');
    expect(accessOf('toString')).toBe('admin');
    expect(accessOf('signalbox.v1.RoomService')).toBe('admin');
    expect(accessOf('grpc.health.v1.Health')).toBe('public');
  });

  it('is asked for again by a service for backends: two locks on one door', async () => {
    await server.stop();
    server = await serve(
      (router) => {
        router.service(TokenService, {
          revokeTokens(_request, context) {
            seen.push(adminOf(context).identity);
            return {};
          },
        });
      },
      authenticate(kit.verifier, () => 'token'),
    );
    expect((await server.call(revoke, {}, await token({ identity: 'ada' }))).status).toBe(403);
    expect((await server.call(revoke, {}, await token({ admin: true, identity: 'root' }))).status).toBe(200);
    expect(seen).toEqual(['root']);
  });

  it('without authentication before it is a defect and not a free pass', () => {
    const context = { values: createContextValues(), service: TokenService };
    expect(() => grantsOf(context)).toThrow(ConnectError);
    try {
      adminOf(context);
    } catch (error) {
      expect(ConnectError.from(error).code).toBe(Code.Internal);
    }
  });
});
