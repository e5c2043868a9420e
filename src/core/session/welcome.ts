import { create, toBinary } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import type { IceServer } from '../../../gen/signalbox/v1/ice_pb.ts';
import type { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  LimitsSchema,
  type Welcome_Outcome as Outcome,
  WelcomeSchema,
} from '../../../gen/signalbox/v1/session_pb.ts';
import type { CoreLimits } from '../limits.ts';
import type { Rate } from '../token-bucket.ts';
import { MessageWriter } from '../wire/message-writer.ts';
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
}

const { welcome } = ServerFrameSchema.field;

/** Encodes the Welcomes of a node, as ServerFrames: one at each attach. What is the same in all is encoded once. */
export class Welcomes {
  readonly #sameInAll: Uint8Array;
  readonly #writer = new MessageWriter();

  constructor(limits: CoreLimits, serverVersion: string, region: string) {
    const value = create(WelcomeSchema, {
      resumeWindow: durationFromMs(limits.resumeWindowMs),
      pingInterval: durationFromMs(limits.pingIntervalMs),
      pongTimeout: durationFromMs(limits.pongTimeoutMs),
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
      serverVersion,
      region,
    });
    this.#sameInAll = toBinary(WelcomeSchema, value);
  }

  encode({ id, host, grants, attempt, credentials }: Session, parts: WelcomeParts): Uint8Array {
    const ice = credentials.iceServers();
    const writer = this.#writer.begin();
    const frame = writer.open(welcome.number);
    writer.text(1, id);
    writer.number(2, parts.outcome);
    writer.number(3, parts.reason ?? 0);
    writer.text(4, parts.resumeToken);
    writer.text(6, parts.sendKey);
    for (const server of ice.servers) this.#iceServer(9, server);
    this.#instant(10, ice.expiresAt);
    this.#instant(11, grants.expiresAt);
    writer.fields(this.#sameInAll);
    this.#instant(16, host.clock.now());
    writer.text(17, parts.epoch);
    writer.number(18, attempt);
    writer.close(frame);
    return writer.finish();
  }

  #iceServer(field: number, { urls, username, credential, region }: IceServer): void {
    const message = this.#writer.open(field);
    for (const url of urls) this.#writer.element(1, url);
    this.#writer.text(2, username);
    this.#writer.text(3, credential);
    this.#writer.text(4, region);
    this.#writer.close(message);
  }

  /** Of milliseconds since 1970; nothing for Infinity. */
  #instant(field: number, milliseconds: number): void {
    if (Number.isFinite(milliseconds)) this.#writer.time(field, timestampFromMs(milliseconds));
  }
}

/** A rate as the schema has room for it. */
function announced({ perSecond }: Rate): number {
  return Math.min(Math.floor(perSecond), 0xffff_ffff);
}
