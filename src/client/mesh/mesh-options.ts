import type { Logger } from '../options.ts';
import type { Participant } from '../participant.ts';
import type { TrackSource } from '../vocabulary.ts';

/** How a PeerMesh connects. */
export interface MeshOptions {
  /**
   * The WebRTC stack. Default: the browser's. In Node: that of `@roamhq/wrtc` or `werift`. Say in `ConnectOptions.features`
   * what it can do: for werift 0.25 that is ['rollback'], as two of them lose their data in an ICE restart.
   */
  readonly RTCPeerConnection?: new (
    configuration?: never,
  ) => object;
  /** Merged into the configuration of every connection. Its `iceServers`, if any, replace those of the gateway. */
  readonly rtcConfig?: RTCConfiguration;
  /** Relayed candidates only. Default: what the room says. */
  readonly relayOnly?: boolean;
  /** Preferred codecs, such as 'video/VP9', the best first. Browsers only. */
  readonly codecs?: readonly string[];
  /** Highest bitrate of each track by source, in bits per second. Default: the browser's. */
  readonly maxBitrate?: Readonly<Partial<Record<TrackSource, number>>>;
  /** Data channels only: `publish` throws, nothing is asked of the peers. */
  readonly dataOnly?: boolean;
  /** Which participants to connect to. Default: all that may signal; in a HUB room the hub, or to a hub all others. */
  connectTo?(participant: Participant): boolean;
  /** Default: warnings and errors to the console. */
  readonly logger?: Logger;
}
