import type { TrackSource } from '../vocabulary.ts';
import type { Connection } from './connection.ts';
import type { PeerState } from './peer.ts';

/** How a track of a peer arrives. Absent where the stack does not tell. */
export interface InboundStats extends StreamStats {
  readonly trackId: string;
  readonly source: TrackSource;
  readonly bytesReceived: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly framesDecoded?: number;
  /** In seconds. */
  readonly jitter?: number;
}

/** How an own track is sent to a peer. Absent where the stack does not tell. */
export interface OutboundStats extends StreamStats {
  /** `Publication.id` and `source`; of a track that the mesh did not publish '' and 'other'. */
  readonly trackId: string;
  readonly source: TrackSource;
  readonly bytesSent: number;
  readonly packetsSent: number;
  /** Packets that the peer says it missed, of those it was sent; it tells every few seconds. */
  readonly packetsLost?: number;
}

/** What a stream of either direction has. Absent where the stack does not tell. */
export interface StreamStats {
  readonly kind: 'audio' | 'video';
  /** Such as 'video/VP8'; '' where the stack does not tell. */
  readonly codec: string;
  readonly frameWidth?: number;
  readonly frameHeight?: number;
  readonly framesPerSecond?: number;
}

/** How the connection to a peer does. */
export interface PeerStats {
  readonly state: PeerState;
  /** Round-trip time of the selected path, in milliseconds. */
  readonly rttMs: number | undefined;
  /** 'host', 'srflx', 'prflx' or 'relay'; '' while no path is selected. */
  readonly localCandidateType: string;
  readonly remoteCandidateType: string;
  /** What carries the selected path: 'udp' or 'tcp'; to an own relay 'udp', 'tcp' or 'tls'; '' where the stack does not tell. */
  readonly protocol: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly inbound: readonly InboundStats[];
  readonly outbound: readonly OutboundStats[];
  /** The stack's own report. */
  readonly report: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

type Entry = Readonly<Record<string, unknown>>;
type Report = ReadonlyMap<string, Entry>;

/** Reads the statistics of a connection (W3C webrtc-stats). */
export async function statsOf(state: PeerState, { rtc, tracks, senders }: Connection): Promise<PeerStats> {
  const report = new Map<string, Entry>();
  // Stacks have Maps of several makes.
  (await rtc.getStats()).forEach((entry: Entry, id: string) => {
    report.set(id, entry);
  });
  const entries = [...report.values()];
  const transport = entries.find(({ type }) => type === 'transport');
  const pair =
    report.get(text(transport?.['selectedCandidatePairId'])) ??
    entries.find(
      ({ type, nominated, state: at }) => type === 'candidate-pair' && nominated && at === 'succeeded',
    );
  const rtt = pair?.['currentRoundTripTime'];
  const local = report.get(text(pair?.['localCandidateId']));
  const remote = report.get(text(pair?.['remoteCandidateId']));
  const streams = (type: string) => entries.filter((entry) => entry['type'] === type);
  return {
    state,
    rttMs: typeof rtt === 'number' ? rtt * 1000 : undefined,
    localCandidateType: text(local?.['candidateType']),
    remoteCandidateType: text(remote?.['candidateType']),
    protocol: text(local?.['relayProtocol'] ?? local?.['protocol']),
    bytesSent: count(pair?.['bytesSent'] ?? transport?.['bytesSent']),
    bytesReceived: count(pair?.['bytesReceived'] ?? transport?.['bytesReceived']),
    inbound: tracks.all.flatMap(({ mid, trackId, source, track }) => {
      const found = streams('inbound-rtp').find(
        (entry) => entry['mid'] === mid || entry['trackIdentifier'] === track.id,
      );
      return found === undefined
        ? []
        : [inbound(found, trackId, source, streamOf(found, track.kind, report))];
    }),
    outbound: streams('outbound-rtp').map((entry) => {
      const section = senders.sections().find(({ mid }) => mid === entry['mid']);
      const stream = streamOf(entry, text(entry['kind']), report);
      return outbound(entry, section?.trackId ?? '', section?.source ?? 'other', stream, report);
    }),
    report,
  };
}

function inbound(entry: Entry, trackId: string, source: TrackSource, stream: StreamStats): InboundStats {
  const { framesDecoded, jitter } = entry;
  return {
    ...stream,
    trackId,
    source,
    bytesReceived: count(entry['bytesReceived']),
    packetsReceived: count(entry['packetsReceived']),
    packetsLost: count(entry['packetsLost']),
    ...(typeof framesDecoded === 'number' && { framesDecoded }),
    ...(typeof jitter === 'number' && { jitter }),
  };
}

function outbound(
  entry: Entry,
  trackId: string,
  source: TrackSource,
  stream: StreamStats,
  report: Report,
): OutboundStats {
  const packetsLost = report.get(text(entry['remoteId']))?.['packetsLost'];
  return {
    ...stream,
    trackId,
    source,
    bytesSent: count(entry['bytesSent']),
    packetsSent: count(entry['packetsSent']),
    ...(typeof packetsLost === 'number' && { packetsLost }),
  };
}

function streamOf(entry: Entry, kind: string, report: Report): StreamStats {
  const { frameWidth, frameHeight, framesPerSecond } = entry;
  return {
    kind: kind === 'audio' ? 'audio' : 'video',
    codec: text(report.get(text(entry['codecId']))?.['mimeType']),
    ...(typeof frameWidth === 'number' && { frameWidth }),
    ...(typeof frameHeight === 'number' && { frameHeight }),
    ...(typeof framesPerSecond === 'number' && { framesPerSecond }),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
