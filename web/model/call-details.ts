import type {
  InboundStats,
  OutboundStats,
  PeerMesh,
  PeerState,
  PeerStats,
  Room,
  SessionState,
  StreamStats,
  TrackSource,
} from '../../src/client/index.ts';

/** One track of one direction. Rates since the sample before; absent in the first one, and where the browser does not tell. */
export interface StreamDetail {
  readonly trackId: string;
  readonly kind: 'audio' | 'video';
  readonly source: TrackSource;
  /** Such as 'video/VP8'; ''. */
  readonly codec: string;
  readonly kbps?: number;
  readonly lossPercent?: number;
  readonly width?: number;
  readonly height?: number;
  readonly framesPerSecond?: number;
  readonly jitterMs?: number;
  readonly framesDecoded?: number;
}

/** How the connection to one peer does. */
export interface PeerDetail {
  readonly id: string;
  readonly name: string;
  readonly state: PeerState;
  /** undefined while no path is selected. */
  readonly path: 'direct' | 'relayed' | undefined;
  /** 'udp', 'tcp', 'tls' or ''. */
  readonly protocol: string;
  readonly localType: string;
  readonly remoteType: string;
  readonly rttMs?: number;
  readonly sendKbps?: number;
  readonly receiveKbps?: number;
  /** Of what the peer sends, all tracks together. */
  readonly lossPercent?: number;
  readonly incoming: readonly StreamDetail[];
  readonly outgoing: readonly StreamDetail[];
  /** Of the selected path; '' where the browser hides it. */
  readonly addresses: { readonly local: string; readonly remote: string } | undefined;
}

/** A sample of a call. It holds no token and no text that was said. */
export interface CallReport {
  readonly at: Date;
  readonly browser: string;
  readonly signaling: { readonly status: SessionState['status']; readonly transport: string | undefined };
  readonly room: { readonly participants: number; readonly topology: string };
  readonly peers: readonly PeerDetail[];
}

/** The page, as far as this goes. */
export interface DetailsHost {
  readonly userAgent: string;
  /** Milliseconds since 1970. */
  now(): number;
}

interface Sample {
  readonly at: number;
  readonly stats: PeerStats;
}

/** How a call does, from one sample to the next. */
export class CallDetails {
  readonly #room: Room;
  readonly #mesh: Pick<PeerMesh, 'stats' | 'peers'>;
  readonly #host: DetailsHost;
  #before: ReadonlyMap<string, Sample> = new Map();

  constructor(room: Room, mesh: Pick<PeerMesh, 'stats' | 'peers'>, host: DetailsHost = pageDetails()) {
    this.#room = room;
    this.#mesh = mesh;
    this.#host = host;
  }

  /** About once a second, while somebody looks. */
  async sample(): Promise<CallReport> {
    const { session, count, info } = this.#room;
    const stats = await this.#mesh.stats();
    const at = this.#host.now();
    const now = new Map([...stats].map(([id, found]) => [id, { at, stats: found }] as const));
    const before = this.#before;
    this.#before = now;
    return {
      at: new Date(at),
      browser: this.#host.userAgent,
      signaling: {
        status: session.state.status,
        transport: session.state.status === 'connected' ? session.state.transport : undefined,
      },
      room: { participants: count, topology: info.topology },
      peers: [...now].map(([id, sample]) => {
        const name = this.#mesh.peers.get(id)?.participant.name ?? '';
        return detailOf(id, name, sample, before.get(id));
      }),
    };
  }
}

/** For a bug report. Addresses of the participants are in it only where that is asked for. */
export function reportJson(report: CallReport, { addresses = false } = {}): string {
  const peers = report.peers.map(({ addresses: found, ...peer }) =>
    addresses ? { ...peer, addresses: found } : peer,
  );
  return JSON.stringify({ ...report, peers }, undefined, 2);
}

function detailOf(id: string, name: string, { at, stats }: Sample, last: Sample | undefined): PeerDetail {
  // A new connection counts from 0 again.
  const before = last !== undefined && last.stats.bytesReceived <= stats.bytesReceived ? last : undefined;
  const ms = at - (before?.at ?? at);
  const { localCandidateType, remoteCandidateType, rttMs } = stats;
  const isRelayed = localCandidateType === 'relay' || remoteCandidateType === 'relay';
  const incoming = stats.inbound.map((stream) => incomingOf(stream, before?.stats.inbound ?? [], ms));
  const outgoing = stats.outbound.map((stream) => outgoingOf(stream, before?.stats.outbound ?? [], ms));
  return {
    id,
    name,
    state: stats.state,
    path: localCandidateType === '' ? undefined : isRelayed ? 'relayed' : 'direct',
    protocol: stats.protocol,
    localType: localCandidateType,
    remoteType: remoteCandidateType,
    ...(rttMs !== undefined && { rttMs: Math.round(rttMs) }),
    ...kbps('sendKbps', stats.bytesSent, before?.stats.bytesSent, ms),
    ...kbps('receiveKbps', stats.bytesReceived, before?.stats.bytesReceived, ms),
    ...loss(sum(stats.inbound), before && sum(before.stats.inbound)),
    incoming,
    outgoing,
    addresses: addressesOf(stats),
  };
}

function incomingOf(stream: InboundStats, others: readonly InboundStats[], ms: number): StreamDetail {
  const before = others.find(({ trackId, kind }) => trackId === stream.trackId && kind === stream.kind);
  const { jitter, framesDecoded } = stream;
  return {
    ...common(stream, stream.trackId, stream.source),
    ...kbps('kbps', stream.bytesReceived, before?.bytesReceived, ms),
    ...loss(counted(stream), before && counted(before)),
    ...(jitter !== undefined && { jitterMs: Math.round(jitter * 1000) }),
    ...(framesDecoded !== undefined && { framesDecoded }),
  };
}

function outgoingOf(stream: OutboundStats, others: readonly OutboundStats[], ms: number): StreamDetail {
  const before = others.find(({ trackId, kind }) => trackId === stream.trackId && kind === stream.kind);
  const { packetsSent, packetsLost } = stream;
  const lost = before?.packetsLost;
  return {
    ...common(stream, stream.trackId, stream.source),
    ...kbps('kbps', stream.bytesSent, before?.bytesSent, ms),
    ...(packetsLost !== undefined &&
      lost !== undefined &&
      before !== undefined &&
      loss({ lost: packetsLost, all: packetsSent }, { lost, all: before.packetsSent })),
  };
}

function common(stream: StreamStats, trackId: string, source: TrackSource) {
  const { kind, codec, frameWidth, frameHeight, framesPerSecond } = stream;
  return {
    trackId,
    kind,
    source,
    codec,
    ...(frameWidth !== undefined && { width: frameWidth }),
    ...(frameHeight !== undefined && { height: frameHeight }),
    ...(framesPerSecond !== undefined && { framesPerSecond: Math.round(framesPerSecond) }),
  };
}

interface Packets {
  readonly lost: number;
  /** Lost ones included. */
  readonly all: number;
}

function counted({ packetsLost, packetsReceived }: InboundStats): Packets {
  return { lost: packetsLost, all: packetsLost + packetsReceived };
}

function sum(streams: readonly InboundStats[]): Packets {
  const each = streams.map(counted);
  return {
    lost: each.reduce((total, { lost }) => total + lost, 0),
    all: each.reduce((total, { all }) => total + all, 0),
  };
}

/** Packets that came late count as not lost after all: never below zero. */
function loss(now: Packets, before: Packets | undefined): { readonly lossPercent?: number } {
  if (before === undefined) return {};
  const all = now.all - before.all;
  if (all <= 0) return {};
  const percent = (100 * (now.lost - before.lost)) / all;
  return { lossPercent: Math.round(10 * Math.min(100, Math.max(0, percent))) / 10 };
}

function kbps<Key extends string>(
  key: Key,
  now: number,
  before: number | undefined,
  ms: number,
): { readonly [K in Key]?: number } {
  if (before === undefined || ms <= 0 || now < before) return {};
  return { [key]: Math.round((8 * (now - before)) / ms) } as { readonly [K in Key]?: number };
}

function addressesOf({ report }: PeerStats): PeerDetail['addresses'] {
  const entries = [...report.values()];
  const transport = entries.find(({ type }) => type === 'transport');
  const pair = report.get(String(transport?.['selectedCandidatePairId'] ?? ''));
  if (pair === undefined) return undefined;
  const of = (id: unknown): string => {
    const candidate = report.get(String(id ?? ''));
    const address = candidate?.['address'] ?? candidate?.['ip'];
    return typeof address === 'string' ? `${address}:${candidate?.['port'] ?? ''}` : '';
  };
  return { local: of(pair['localCandidateId']), remote: of(pair['remoteCandidateId']) };
}

/** The page that this runs in. */
export function pageDetails(): DetailsHost {
  return { userAgent: navigator.userAgent, now: () => Date.now() };
}
