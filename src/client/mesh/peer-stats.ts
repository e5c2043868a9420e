import type { TrackSource } from '../vocabulary.ts';
import type { Connection } from './connection.ts';
import type { PeerState } from './peer.ts';

/** How a track of a peer arrives. Absent where the stack does not tell. */
export interface InboundStats {
  readonly trackId: string;
  readonly source: TrackSource;
  readonly kind: 'audio' | 'video';
  readonly bytesReceived: number;
  readonly packetsLost: number;
  readonly framesDecoded?: number;
  readonly frameWidth?: number;
  readonly frameHeight?: number;
  /** In seconds. */
  readonly jitter?: number;
}

/** How the connection to a peer does. */
export interface PeerStats {
  readonly state: PeerState;
  /** Round-trip time of the selected path, in milliseconds. */
  readonly rttMs: number | undefined;
  /** 'host', 'srflx', 'prflx' or 'relay'; '' while no path is selected. */
  readonly localCandidateType: string;
  readonly remoteCandidateType: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly inbound: readonly InboundStats[];
  /** The stack's own report. */
  readonly report: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

type Entry = Readonly<Record<string, unknown>>;

/** Reads the statistics of a connection (W3C webrtc-stats). */
export async function statsOf(state: PeerState, { rtc, tracks }: Connection): Promise<PeerStats> {
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
  return {
    state,
    rttMs: typeof rtt === 'number' ? rtt * 1000 : undefined,
    localCandidateType: text(report.get(text(pair?.['localCandidateId']))?.['candidateType']),
    remoteCandidateType: text(report.get(text(pair?.['remoteCandidateId']))?.['candidateType']),
    bytesSent: count(pair?.['bytesSent'] ?? transport?.['bytesSent']),
    bytesReceived: count(pair?.['bytesReceived'] ?? transport?.['bytesReceived']),
    inbound: tracks.all.flatMap(({ mid, trackId, source, track }) => {
      const found = entries.find(
        (entry) =>
          entry['type'] === 'inbound-rtp' && (entry['mid'] === mid || entry['trackIdentifier'] === track.id),
      );
      return found === undefined
        ? []
        : [inbound(found, trackId, source, track.kind === 'audio' ? 'audio' : 'video')];
    }),
    report,
  };
}

function inbound(entry: Entry, trackId: string, source: TrackSource, kind: 'audio' | 'video'): InboundStats {
  const { framesDecoded, frameWidth, frameHeight, jitter } = entry;
  return {
    trackId,
    source,
    kind,
    bytesReceived: count(entry['bytesReceived']),
    packetsLost: count(entry['packetsLost']),
    ...(typeof framesDecoded === 'number' && { framesDecoded }),
    ...(typeof frameWidth === 'number' && { frameWidth }),
    ...(typeof frameHeight === 'number' && { frameHeight }),
    ...(typeof jitter === 'number' && { jitter }),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
