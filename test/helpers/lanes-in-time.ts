import { fromBinary } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { ClientFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import type { OpenLane } from '../../src/core/lane.ts';
import type { SendFramesBatch, SendFramesResult } from '../../src/core/send-frames.ts';
import { startGateway } from '../../src/gateway/gateway.ts';
import { signalingEndpoints } from '../../src/lanes/envelope/signaling-endpoints.ts';
import { acceptWebSocket } from '../../src/lanes/websocket/accept.ts';
import { until } from './auth-kit.ts';
import { startTestNode, type TestNode, type TestNodeOptions } from './test-node.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Ticks end by themselves, as sockets ask for them; time moves when the test moves it. */
class TickingClock extends VirtualClock {
  override soon(run: () => void): void {
    setImmediate(run);
  }
}

/** A core on virtual time behind the real lanes, on a port of the loopback interface. */
export interface LanesInTime extends TestNode {
  readonly url: string;
  /** Pongs that the core has taken, from all lanes. */
  readonly pongs: number;
}

const maxMessageBytes = 1024 * 1024;

export async function startLanesInTime(options: TestNodeOptions = {}): Promise<LanesInTime> {
  const kit = await startTestNode({ ...options, clock: new TickingClock() });
  const { node } = kit;
  let pongs = 0;
  const count = (frame: Uint8Array) => {
    if (fromBinary(ClientFrameSchema, frame).body.case === 'pong') pongs += 1;
  };
  const openLane: OpenLane = (lane) => {
    const events = node.open(lane);
    return {
      frame: (bytes) => {
        count(bytes);
        return events.frame(bytes);
      },
      drained: () => events.drained(),
      closed: (cause) => events.closed(cause),
      violated: (violation) => events.violated(violation),
    };
  };
  const sendFrames = (batch: SendFramesBatch, done: (result: SendFramesResult) => void) => {
    batch.frames.forEach(count);
    node.sendFrames(batch, done);
  };
  const gateway = await startGateway({
    log: pino({ level: 'silent' }),
    endpoints: signalingEndpoints({ openLane, sendFrames }, { maxMessageBytes }).values(),
    webSocket: (request, socket, head, { address }) =>
      acceptWebSocket(request, socket, head, {
        open: openLane,
        address,
        maxMessageBytes,
        closeTimeoutMs: 1000,
      }),
  });
  return {
    ...kit,
    url: gateway.url,
    get pongs() {
      return pongs;
    },
    async stop() {
      await node.stop();
      await gateway.close(500);
      await until(() => node.figures.connections === 0);
      await kit.stop();
    },
  };
}
