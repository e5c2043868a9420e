import { create } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  LimitsSchema,
  type Welcome_Outcome as Outcome,
  WelcomeSchema,
} from '../../../gen/signalbox/v1/session_pb.ts';
import { encodeBody, timestampField } from '../server-frame.ts';
import type { Rate } from '../token-bucket.ts';
import type { Session } from './session.ts';

/** Revision of the schema that this gateway was built for; rises with each tag `schema-N`. */
export const schemaRevision = 1;

export interface WelcomeParts {
  readonly outcome: Outcome;
  /** With FRESH: why the resume was refused. */
  readonly reason?: Reason;
  /** '' when resumed: the token is fixed for the session's life. */
  readonly resumeToken: string;
  readonly sendKey: string;
  readonly epoch: string;
  readonly serverVersion: string;
  readonly region: string;
}

/** Welcome, as a ServerFrame: made anew at each attach. */
export function encodeWelcome(session: Session, parts: WelcomeParts): Uint8Array {
  const { host, grants, attempt } = session;
  const { limits, clock } = host;
  const ice = session.credentials.iceServers();
  const value = create(WelcomeSchema, {
    sessionId: session.id,
    outcome: parts.outcome,
    reason: parts.reason ?? Reason.UNSPECIFIED,
    resumeToken: parts.resumeToken,
    resumeWindow: durationFromMs(limits.resumeWindowMs),
    sendKey: parts.sendKey,
    pingInterval: durationFromMs(limits.pingIntervalMs),
    pongTimeout: durationFromMs(limits.pongTimeoutMs),
    iceServers: ice.servers,
    ...timestampField('iceServersExpireAt', ice.expiresAt),
    ...timestampField('tokenExpiresAt', grants.expiresAt),
    limits: create(LimitsSchema, {
      frameBytes: limits.frameBytes,
      signalBytes: limits.signalBytes,
      messageBytes: limits.messageBytes,
      inboxFrames: limits.inboxFrames,
      inboxBytes: limits.inboxBytes,
      rooms: limits.rooms,
      attributesBytes: limits.attributesBytes,
      signalsPerSecond: announced(limits.signalRate),
      messagesPerSecond: announced(limits.messageRate),
      bytesPerSecond: announced(limits.byteRate),
    }),
    schemaRevision,
    serverVersion: parts.serverVersion,
    region: parts.region,
    serverTime: timestampFromMs(clock.now()),
    epoch: parts.epoch,
    attempt,
  });
  return encodeBody({ case: 'welcome', value });
}

/** A rate as the schema has room for it. */
function announced({ perSecond }: Rate): number {
  return Math.min(Math.floor(perSecond), 0xffff_ffff);
}
