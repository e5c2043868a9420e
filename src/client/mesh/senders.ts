import type { Track } from '../participant.ts';
import type { MediaSection } from '../signal.ts';
import type { MeshOptions } from './mesh-options.ts';
import type { LivePublication } from './publication.ts';
import type { SdpSection } from './sdp.ts';

/** Which transceiver of one RTCPeerConnection sends which publication. */
export class Senders {
  readonly #rtc: RTCPeerConnection;
  readonly #options: MeshOptions;
  readonly #transceivers = new Map<LivePublication, RTCRtpTransceiver>();
  readonly #streams = new Map<string, MediaStream>();

  constructor(rtc: RTCPeerConnection, options: MeshOptions) {
    this.#rtc = rtc;
    this.#options = options;
  }

  /**
   * Gives each publication that has none a transceiver: a free one, which may be one that the peer's offer brought along,
   * else, where `add` says so, a new one. `offered`: the sections of the remote offer that is being answered; undefined
   * while the connection is stable. Returns whether a further round is needed.
   */
  async attach(
    publications: Iterable<LivePublication>,
    offered: readonly SdpSection[] | undefined,
    add = true,
  ): Promise<boolean> {
    let due = false;
    for (const publication of publications) {
      const given = this.#transceivers.get(publication);
      if (given !== undefined && isOffered(given, offered ?? [])) continue;
      if (given !== undefined && (offered === undefined || isAssociated(given))) {
        due ||= offered !== undefined;
        continue;
      }
      const free = this.#rtc
        .getTransceivers()
        .find((found) => this.#isFree(found, publication.kind, offered));
      due ||= free === undefined || offered === undefined;
      if (free !== undefined) {
        // A rollback took the m-line of the one that it had; without one it leaves no trace in a description.
        given?.stop();
        await this.#take(free, publication);
      } else if (add && given === undefined) this.#transceivers.set(publication, this.#add(publication));
    }
    return due;
  }

  /** Stops sending it. Returns whether a negotiation has to tell so. */
  async detach(publication: LivePublication): Promise<boolean> {
    const transceiver = this.#transceivers.get(publication);
    if (transceiver === undefined) return false;
    this.#transceivers.delete(publication);
    const { direction } = transceiver;
    transceiver.direction = direction === 'sendonly' || direction === 'inactive' ? 'inactive' : 'recvonly';
    await transceiver.sender.replaceTrack(null);
    return true;
  }

  async replace(publication: LivePublication): Promise<void> {
    await this.#transceivers.get(publication)?.sender.replaceTrack(publication.track);
  }

  /** Takes what the peer is about to publish without a further round: one receiving transceiver for each of its tracks. */
  expect(kinds: Readonly<Record<'audio' | 'video', number>>): boolean {
    let changed = false;
    for (const kind of ['audio', 'video'] as const) {
      const present = this.#rtc
        .getTransceivers()
        .filter((found) => kindOf(found) === kind && found.direction.includes('recv')).length;
      for (let missing = kinds[kind] - present; missing > 0; missing -= 1) {
        this.#rtc.addTransceiver(kind, { direction: 'recvonly' });
        changed = true;
      }
    }
    return changed;
  }

  /** What each m-line that this side sends is for. `offered`: the sections of the offer that this answers. */
  sections(offered?: readonly SdpSection[]): readonly MediaSection[] {
    return [...this.#transceivers].flatMap(([{ id, source }, transceiver]) => {
      const { mid } = transceiver;
      return typeof mid === 'string' && isOffered(transceiver, offered) ? { mid, trackId: id, source } : [];
    });
  }

  /** There are transceivers that no round has told of. */
  get unnegotiated(): boolean {
    return this.#rtc.getTransceivers().some((found) => !isAssociated(found) && found.direction !== 'stopped');
  }

  /** Applies `MeshOptions.maxBitrate`; encodings exist only after a negotiation. */
  async limit(): Promise<void> {
    for (const [{ source }, { sender }] of this.#transceivers) {
      const maxBitrate = this.#options.maxBitrate?.[source];
      if (maxBitrate === undefined || typeof sender.setParameters !== 'function') continue;
      const parameters = sender.getParameters();
      const due = parameters.encodings?.filter((encoding) => encoding.maxBitrate !== maxBitrate) ?? [];
      if (due.length === 0) continue;
      for (const encoding of due) encoding.maxBitrate = maxBitrate;
      await sender.setParameters(parameters);
    }
  }

  #isFree(transceiver: RTCRtpTransceiver, kind: string, offered: readonly SdpSection[] | undefined): boolean {
    if (kindOf(transceiver) !== kind || !isOffered(transceiver, offered)) return false;
    if (transceiver.direction === 'stopped' || transceiver.currentDirection === 'stopped') return false;
    // With a track on it, it is the application's own.
    if (transceiver.sender.track || [...this.#transceivers.values()].includes(transceiver)) return false;
    return true;
  }

  async #take(free: RTCRtpTransceiver, publication: LivePublication): Promise<void> {
    this.#transceivers.set(publication, free);
    free.direction = 'sendrecv';
    setStream(free.sender, this.#stream(publication.streamId));
    await free.sender.replaceTrack(publication.track);
  }

  #add({ track, streamId }: LivePublication): RTCRtpTransceiver {
    const stream = this.#stream(streamId);
    const transceiver = this.#rtc.addTransceiver(track, {
      direction: 'sendrecv',
      streams: stream === undefined ? [] : [stream],
    });
    prefer(transceiver, track.kind, this.#options.codecs ?? []);
    return transceiver;
  }

  /** Its id is what the description says as msid. Stacks for Node have no such constructor. */
  #stream(id: string): MediaStream | undefined {
    if (typeof MediaStream === 'undefined') return undefined;
    const stream = this.#streams.get(id) ?? new MediaStream();
    this.#streams.set(id, stream);
    return stream;
  }
}

/** How many tracks of each kind a roster entry lists. */
export function kindsOf(tracks: readonly Track[]): Readonly<Record<'audio' | 'video', number>> {
  const sources = tracks.map(({ source }) => source);
  return {
    audio: sources.filter((source) => source === 'microphone' || source === 'screen_audio').length,
    video: sources.filter((source) => source === 'camera' || source === 'screen').length,
  };
}

/** werift tells the kind of a transceiver that has received nothing only on the transceiver itself. */
export function kindOf(transceiver: RTCRtpTransceiver): string {
  if ('kind' in transceiver && typeof transceiver.kind === 'string') return transceiver.kind;
  return transceiver.receiver.track.kind;
}

/**
 * Whether it has an m-line on which the peer takes media. After a rollback werift leaves the old mid on a transceiver that
 * has none, so that what the peer offered is asked.
 */
function isOffered(transceiver: RTCRtpTransceiver, offered: readonly SdpSection[] | undefined): boolean {
  if (!isAssociated(transceiver)) return false;
  return offered === undefined || offered.some(({ mid, receives }) => mid === transceiver.mid && receives);
}

/** It has an m-line (RFC 8829 3.4.1). */
function isAssociated({ mid }: RTCRtpTransceiver): boolean {
  return typeof mid === 'string' && mid !== '';
}

function setStream(sender: RTCRtpSender, stream: MediaStream | undefined): void {
  if (stream !== undefined && typeof sender.setStreams === 'function') sender.setStreams(stream);
}

/** Puts these codecs ("video/VP9") first, in this order; the others stay. */
function prefer(transceiver: RTCRtpTransceiver, kind: string, codecs: readonly string[]): void {
  if (codecs.length === 0 || typeof RTCRtpReceiver === 'undefined') return;
  const known = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const wanted = codecs.map((codec) => codec.toLowerCase());
  const rank = ({ mimeType }: { readonly mimeType: string }) => {
    const at = wanted.indexOf(mimeType.toLowerCase());
    return at < 0 ? wanted.length : at;
  };
  transceiver.setCodecPreferences([...known].sort((a, b) => rank(a) - rank(b)));
}
