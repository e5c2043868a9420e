import { describe, expect, it } from 'vitest';
import type { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { Participant_Kind, TrackSource } from '../../gen/signalbox/v1/participant_pb.ts';
import { ClaimError } from '../../src/auth/claim-error.ts';
import { readClaims } from '../../src/auth/claims.ts';
import { readKind, writeKind } from '../../src/auth/participant-kind.ts';
import { readPermissions, writePermissions } from '../../src/auth/permission-claim.ts';
import { writeClaims } from '../../src/auth/token-claims.ts';

const key = { kid: 'main', tenant: 'acme' };
const read = (payload: Record<string, unknown>) => readClaims(payload, key);

function errorOf(run: () => unknown): ClaimError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ClaimError);
    return error as ClaimError;
  }
  throw new Error('was accepted');
}

describe('the claims of a token', () => {
  it('may all be absent: somebody without a name, in any room, who may signal', () => {
    expect(read({})).toMatchObject({
      tenant: 'acme',
      keyId: 'main',
      identity: '',
      name: '',
      room: '',
      role: '',
      attributes: {},
      kind: Participant_Kind.PERSON,
      mayCreate: false,
      admin: false,
      tokenId: '',
      issuedAt: 0,
      expiresAt: Number.POSITIVE_INFINITY,
      renewUntil: 0,
      permissions: {
        signal: true,
        listed: true,
        updateSelf: true,
        hub: false,
        moderate: false,
        hidden: false,
      },
    });
  });

  it('are read into grants', () => {
    const grants = read({
      sub: 'ada',
      name: 'Ada',
      room: 'class-*',
      role: 'teacher',
      perm: { moderate: true, publish: ['camera', 'screen-audio'] },
      attrs: { seat: '7' },
      kind: 'media-node',
      create: true,
      adm: true,
      jti: 't1',
      iat: 1_795_341_600.25,
      exp: 1_795_345_200,
      renew: 1_795_600_000,
      something: { of: 'another system' },
    });
    expect(grants).toMatchObject({
      identity: 'ada',
      name: 'Ada',
      room: 'class-*',
      role: 'teacher',
      attributes: { seat: '7' },
      kind: Participant_Kind.MEDIA_NODE,
      mayCreate: true,
      admin: true,
      tokenId: 't1',
      issuedAt: 1_795_341_600_250,
      expiresAt: 1_795_345_200_000,
      renewUntil: 1_795_600_000_000,
    });
    expect(grants.permissions).toMatchObject({
      signal: true,
      moderate: true,
      publish: [TrackSource.CAMERA, TrackSource.SCREEN_AUDIO],
    });
  });

  it.each([
    ['sub', 7, 'must be a string'],
    ['sub', null, 'must be a string'],
    ['sub', '', 'must not be empty'],
    ['sub', 'a'.repeat(129), 'at most 128 bytes'],
    ['sub', 'a\u0000b', 'control characters'],
    ['name', 'x'.repeat(65), 'at most 64 code points'],
    ['name', 'a\u202eb', 'overrides'],
    ['name', 'Zoe\u0308', 'normalization form C'],
    ['room', '', 'leave it out for any room'],
    ['room', ['a'], 'must be a string'],
    ['room', 'r'.repeat(129), 'at most 128 bytes'],
    ['role', 'r'.repeat(65), 'at most 64 bytes'],
    ['attrs', ['a'], 'must be an object of strings'],
    ['attrs', { a: 1 }, '"a" must be a string'],
    ['attrs', { a: 'x'.repeat(4097) }, 'at most 4096 bytes'],
    ['kind', 'robot', 'must be one of person, device'],
    ['create', 'true', 'must be true or false'],
    ['adm', 1, 'must be true or false'],
    ['adm', 'true', 'must be true or false'],
    ['jti', '', 'must not be empty'],
    ['iat', '1795341600', 'must be a time in seconds'],
    ['exp', -1, 'must be a time in seconds'],
    ['exp', 1e300, 'must be a time in seconds'],
    ['exp', 1_795_345_200_000, 'must be a time in seconds'],
    ['renew', true, 'must be a time in seconds'],
    ['renew', 1_795_600_000_000, 'must be a time in seconds'],
    ['perm', ['moderate'], 'must be an object'],
  ])('are refused when %s is %j', (claim, value, message) => {
    const error = errorOf(() => read({ [claim]: value }));
    expect(error.message).toContain(message);
    expect(error.claim).toBe(claim);
  });
});

describe('the claim perm', () => {
  it('takes away only what it names', () => {
    expect(readPermissions({ signal: false })).toMatchObject({
      signal: false,
      listed: true,
      updateSelf: true,
    });
  });

  it.each([
    ['perm.moderator', { moderator: true }, 'is unknown; known are signal, hub'],
    ['perm.update_self', { update_self: false }, 'is unknown'],
    ['perm.toString', { toString: true }, 'is unknown'],
    ['perm.hub', { hub: 'yes' }, 'must be true or false'],
    ['perm.publish', { publish: 'camera' }, 'must be an array'],
    ['perm.publish', { publish: [] }, 'leave it out to allow all'],
    ['perm.publish', { publish: ['webcam'] }, 'may hold camera, microphone'],
    ['perm.publish', { publish: ['constructor'] }, 'may hold camera, microphone'],
    ['perm.deliveries', { deliveries: ['RELIABLE'] }, 'may hold reliable, latest'],
    ['perm.sendTypes', { sendTypes: [1] }, 'must be an array of strings'],
    ['perm.sendTypes', { sendTypes: ['x'.repeat(65)] }, 'at most 64 bytes'],
    ['perm.sendTypes', { sendTypes: Array(65).fill('x') }, 'at most 64 entries'],
  ])('is refused at %s in %j', (claim, value, message) => {
    const error = errorOf(() => readPermissions(value));
    expect(error.claim).toBe(claim);
    expect(error.message).toContain(message);
  });

  it('comes back the same when it is written', () => {
    const permissions = readPermissions({
      signal: false,
      hub: true,
      hidden: true,
      muteMessages: true,
      publish: ['camera', 'microphone', 'screen', 'screen-audio', 'other'],
      deliveries: ['reliable', 'latest', 'lossy', 'counted'],
      sendTypes: ['chat', ''],
    });
    expect(readPermissions(JSON.parse(JSON.stringify(writePermissions(permissions))))).toEqual(permissions);
  });

  it('cannot be written for values that a token has no word for', () => {
    const permissions = readPermissions(undefined);
    const publish = [TrackSource.UNSPECIFIED];
    expect(errorOf(() => writePermissions({ ...permissions, publish })).claim).toBe('perm.publish');
    const deliveries = [99 as DeliveryClass];
    expect(errorOf(() => writePermissions({ ...permissions, deliveries })).claim).toBe('perm.deliveries');
  });
});

describe('the claim kind', () => {
  it('has a word for every kind', () => {
    for (const kind of Object.values(Participant_Kind).filter((value) => typeof value === 'number')) {
      const word = writeKind(kind);
      expect(readKind(word)).toBe(kind === Participant_Kind.UNSPECIFIED ? Participant_Kind.PERSON : kind);
    }
    expect(errorOf(() => writeKind(42 as Participant_Kind)).claim).toBe('kind');
  });
});

describe('claims that are written', () => {
  it('hold only what was said', () => {
    expect(writeClaims({ identity: 'ada', create: false, admin: false, role: '' })).toEqual({ sub: 'ada' });
  });

  it('have their display name in form C', () => {
    expect(writeClaims({ name: 'Zoe\u0308' })).toEqual({ name: 'Zo\u00eb' });
  });

  it('are refused where the gateway would refuse them', () => {
    expect(errorOf(() => writeClaims({ identity: '' })).claim).toBe('sub');
    expect(errorOf(() => writeClaims({ room: '' })).claim).toBe('room');
    expect(errorOf(() => writeClaims({ attributes: { a: 1 as unknown as string } })).claim).toBe('attrs');
  });
});
