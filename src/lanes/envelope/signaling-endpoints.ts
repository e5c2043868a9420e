import { SignalingService } from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import type { OpenLane } from '../../core/lane.ts';
import type { SendFrames } from '../../core/send-frames.ts';
import { type Endpoint, EnvelopeEndpoint } from './endpoint.ts';
import { type EnvelopeOptions, resolveOptions } from './options.ts';
import { sendFramesHandler } from './send-frames.ts';
import { SignalingFramings } from './signaling-framing.ts';
import { ConnectLane, ReceiveLane } from './signaling-lane.ts';
import { UnaryEndpoint } from './unary-endpoint.ts';

/** What the endpoints of `SignalingService` hand their calls to. */
export interface SignalingPorts {
  readonly openLane: OpenLane;
  readonly sendFrames: SendFrames;
}

/** The three rpcs of `SignalingService`, by the path that they are served at. One set a gateway: its lanes share bytes. */
export function signalingEndpoints(
  { openLane, sendFrames }: SignalingPorts,
  options: EnvelopeOptions = {},
): ReadonlyMap<string, Endpoint> {
  const framings = new SignalingFramings(options, resolveOptions(options).compressMinBytes);
  const { connect, receiveFrames, sendFrames: send } = SignalingService.method;
  const endpoints: readonly Endpoint[] = [
    new EnvelopeEndpoint(connect, (call) => new ConnectLane(call, openLane), options, framings),
    new EnvelopeEndpoint(receiveFrames, (call) => new ReceiveLane(call, openLane), options, framings),
    new UnaryEndpoint(send, sendFramesHandler(sendFrames), options),
  ];
  return new Map(endpoints.map((endpoint) => [rpcPath(endpoint), endpoint]));
}

function rpcPath({ method }: Endpoint): string {
  return `/${method.parent.typeName}/${method.name}`;
}
