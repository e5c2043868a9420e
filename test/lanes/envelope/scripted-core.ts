import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type ClientFrame,
  ClientFrameSchema,
  type ServerFrame,
  ServerFrameSchema,
} from '../../../gen/signalbox/v1/frame_pb.ts';
import type { Lane, LaneCloseCause, LaneEvents, LaneViolation } from '../../../src/core/lane.ts';
import { frameMessage } from '../../../src/lanes/envelope/framing.ts';

/** A core that does what a test says, and writes down what a lane tells it. */
export class ScriptedCore {
  readonly lanes: ScriptedLane[] = [];
  /** What the next frames are answered with; true when empty. */
  readonly verdicts: boolean[] = [];
  onFrame: ((lane: ScriptedLane, frame: ClientFrame) => void) | undefined;

  readonly open = (lane: Lane): LaneEvents => {
    const scripted = new ScriptedLane(this, lane);
    this.lanes.push(scripted);
    return scripted;
  };

  /** The only lane so far. */
  get lane(): ScriptedLane {
    const [lane] = this.lanes;
    if (lane === undefined || this.lanes.length > 1) throw new Error(`${this.lanes.length} lanes`);
    return lane;
  }
}

export class ScriptedLane implements LaneEvents {
  readonly lane: Lane;
  readonly frames: ClientFrame[] = [];
  readonly closes: LaneCloseCause[] = [];
  readonly violations: LaneViolation[] = [];
  drains = 0;
  readonly #core: ScriptedCore;

  constructor(core: ScriptedCore, lane: Lane) {
    this.#core = core;
    this.lane = lane;
  }

  /** Writes frames as the pump does: joined into one array. */
  send(...seqs: number[]): boolean {
    const frames = seqs.map((seq) =>
      frameMessage(
        this.lane.framing,
        toBinary(ServerFrameSchema, create(ServerFrameSchema, { seq, body: pong(seq) })),
      ),
    );
    return this.lane.write(Buffer.concat(frames));
  }

  frame(bytes: Uint8Array): boolean {
    const frame = fromBinary(ClientFrameSchema, bytes);
    this.frames.push(frame);
    this.#core.onFrame?.(this, frame);
    return this.#core.verdicts.shift() ?? true;
  }

  drained(): void {
    this.drains++;
  }

  closed(cause: LaneCloseCause): void {
    this.closes.push(cause);
  }

  violated(violation: LaneViolation): void {
    this.violations.push(violation);
    this.send(99);
    this.lane.end({
      status: violation.reason === 'too-large' ? 'resource_exhausted' : 'invalid_argument',
      message: violation.detail,
    });
  }
}

function pong(id: number): ServerFrame['body'] {
  return { case: 'pong', value: { $typeName: 'signalbox.v1.Pong', id } };
}
