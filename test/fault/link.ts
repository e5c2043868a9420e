import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HelloSchema } from '../../gen/signalbox/v1/session_pb.ts';

/** One connection of a client, whatever carries it. */
export interface Link {
  /** Sends encoded ClientFrames, in order. What cannot be sent is lost: the client sends it again elsewhere. */
  send(frames: readonly Uint8Array[]): void;
  /** Closes without a word. No event follows. */
  drop(): void;
}

export interface LinkEvents {
  /** One ServerFrame, encoded. */
  frame(bytes: Uint8Array): void;
  /** SendFramesResponse.ack. */
  answered(ack: number): void;
  /** The connection is gone. Once. */
  ended(): void;
}

export type HelloInit = MessageInitShape<typeof HelloSchema>;

export const transports = ['grpc', 'websocket', 'halves'] as const;
export type TransportName = (typeof transports)[number];
