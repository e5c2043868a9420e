import type { ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import type { OpenLane } from '../../src/core/lane.ts';
import type { SendFrames } from '../../src/core/send-frames.ts';
import type { ModelLane } from './model-lane.ts';
import type { TokenRequest } from './model-tokens.ts';

/** What a client has of its surroundings. */
export interface Gateway {
  readonly open: OpenLane;
  readonly sendFrames: SendFrames;
  /** Names of the rooms there are. */
  readonly rooms: readonly string[];
  token(request: TokenRequest): string;
  /** Virtual time, with a fraction that rises with each call. */
  stamp(): number;
  /** A lane was handed a frame by the gateway. */
  wrote(lane: ModelLane, frame: ServerFrame): void;
  /** A lane is lost. */
  lost(lane: ModelLane): void;
}
