import type { IncomingSignal, MediaSection, SignalPayload } from '../signal.ts';
import type { Reason, SdpType } from '../vocabulary.ts';
import { CandidateBatch } from './candidate-batch.ts';
import type { MeshOptions } from './mesh-options.ts';
import { Operations } from './operations.ts';
import type { LivePublication } from './publication.ts';
import { RemoteCandidates } from './remote-candidates.ts';
import type { TrackChange } from './remote-tracks.ts';
import { RemoteTracks } from './remote-tracks.ts';
import type { SdpSection } from './sdp.ts';
import { sdpSections } from './sdp.ts';
import { Senders } from './senders.ts';

/** Label and id of the data channel that every connection has: with it, later ones need no negotiation. */
const BASE_CHANNEL = { label: 'signalbox', id: 1000 };

/** A side that may not offer asks so often, and so far apart in milliseconds, for an offer that has room for its tracks. */
const MOST_ASKS = 5;
const ASK_AGAIN_MS = 500;

/** What a connection is made of. */
export interface ConnectionFacts {
  readonly rtc: RTCPeerConnection;
  /** `Signal.connection_id`. */
  readonly id: string;
  /** Made the first offer: owns ICE restarts. */
  readonly firstOfferer: boolean;
  /** Rolls back its own offer when two collide. */
  readonly polite: boolean;
  /** May make offers after the first; else it asks the peer for them. */
  readonly mayOffer: boolean;
  readonly options: MeshOptions;
}

/** What a connection needs of its owner, and tells it. */
export interface ConnectionOwner {
  /** Hands a payload to the gateway. */
  send(connection: Connection, round: number, payload: SignalPayload): void;
  readonly publications: Iterable<LivePublication>;
  /** Tracks that the peer's roster entry lists, by kind. */
  readonly expected: Readonly<Record<'audio' | 'video', number>>;
  /** A state of the RTCPeerConnection changed. */
  changed(connection: Connection): void;
  tracksChanged(connection: Connection, change: TrackChange): void;
  dataChannel(channel: RTCDataChannel): void;
  /** The base channel is open: data flows. */
  opened(connection: Connection): void;
  failed(error: unknown): void;
  /** The peer cannot take this connection's offer: it does not know the connection ('stale_negotiation'), or its media. */
  rejected(connection: Connection, reason: Reason, detail: string): void;
}

type Description = Extract<SignalPayload, { readonly kind: 'description' }>;

/**
 * The negotiation of one RTCPeerConnection: perfect negotiation (W3C WebRTC 10.7) with numbered rounds, explicit rollback
 * and explicit descriptions, because some stacks know neither the implicit rollback nor a parameterless
 * `setLocalDescription` (`@roamhq/wrtc` 0.10).
 *
 * A round is begun by an offer. `#round` is the newest one seen from either side; an own offer takes the next. Where two
 * offers meet, the polite side rolls back and offers again in a later round; the other one ignores what it was sent.
 */
export class Connection {
  readonly id: string;
  readonly rtc: RTCPeerConnection;
  readonly firstOfferer: boolean;
  readonly senders: Senders;
  readonly #facts: ConnectionFacts;
  readonly #owner: ConnectionOwner;
  readonly #operations: Operations;
  readonly #tracks = new RemoteTracks();
  readonly #batch: CandidateBatch;
  readonly #candidates: RemoteCandidates;
  #round = 0;
  /** The own offer that waits for its answer. */
  #offer:
    | { readonly round: number; readonly description: Description; readonly iceRestart: boolean }
    | undefined;
  /** The own answer to the peer's newest offer. */
  #answer: { readonly round: number; readonly description: Description } | undefined;
  #established = false;
  #wanted = false;
  #restart = false;
  /** Times that the peer was asked for an offer with room for what this side sends. */
  #asks = 0;
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(facts: ConnectionFacts, owner: ConnectionOwner) {
    const { rtc } = facts;
    this.id = facts.id;
    this.rtc = rtc;
    this.firstOfferer = facts.firstOfferer;
    this.senders = new Senders(rtc, facts.options);
    this.#facts = facts;
    this.#owner = owner;
    this.#candidates = new RemoteCandidates(rtc, facts.options.logger);
    this.#operations = new Operations((error) => owner.failed(error));
    this.#batch = new CandidateBatch((candidates, endOfCandidates) =>
      owner.send(this, this.#round, { kind: 'candidates', candidates, endOfCandidates }),
    );
    rtc.onicecandidate = ({ candidate }) => this.#gathered(candidate);
    rtc.onconnectionstatechange = () => owner.changed(this);
    rtc.oniceconnectionstatechange = () => owner.changed(this);
    rtc.ondatachannel = ({ channel }) => owner.dataChannel(channel);
    const base = rtc.createDataChannel(BASE_CHANNEL.label, { negotiated: true, id: BASE_CHANNEL.id });
    base.onopen = () => owner.opened(this);
  }

  /** Rounds after the first may begin here. */
  get mayOffer(): boolean {
    return this.#facts.mayOffer;
  }

  /** An own offer waits for its answer. */
  get offering(): boolean {
    return this.#offer !== undefined;
  }

  /** A first round is complete. */
  get established(): boolean {
    return this.#established;
  }

  get tracks(): RemoteTracks {
    return this.#tracks;
  }

  /** Makes an offer, or asks the peer for one, as soon as no round is under way. */
  negotiate(): void {
    this.#wanted = true;
    this.#asks = 0;
    void this.#operations.run(() => this.#offerIfDue());
  }

  /** Finds a new path (RFC 8445 2.4): the first offerer's duty, the other one asks. */
  restartIce(): void {
    if (!this.firstOfferer) {
      this.#control('request_ice_restart');
      return;
    }
    this.#restart = true;
    this.negotiate();
  }

  /** Runs a change of the senders between rounds; negotiates when it says that this is needed. */
  change(operation: (senders: Senders) => Promise<boolean>): Promise<void> {
    return this.#operations.run(async () => {
      if (!(await operation(this.senders))) return;
      this.#wanted = true;
      this.#asks = 0;
      await this.#offerIfDue();
    });
  }

  /** The peer may have lost what was sent: says again what waits for an answer. */
  repeat(): void {
    void this.#operations.run(() => {
      if (this.#offer !== undefined) this.#send(this.#offer.round, this.#offer.description);
      else if (this.#answer !== undefined && this.#answer.round === this.#round) {
        this.#send(this.#answer.round, this.#answer.description);
      }
    });
  }

  /** A signal of the peer for this connection. */
  accept({ negotiationId, payload }: IncomingSignal): void {
    void this.#operations.run(async () => {
      switch (payload.kind) {
        case 'description':
          return this.#description(negotiationId, payload);
        case 'candidates':
          for (const candidate of payload.candidates)
            await this.#candidates.arrived(negotiationId, candidate);
          return;
        case 'control':
          return this.#asked(negotiationId, payload);
      }
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#operations.close();
    this.#batch.close();
    clearTimeout(this.#askTimer);
    const { rtc } = this;
    rtc.onicecandidate = null;
    rtc.onconnectionstatechange = null;
    rtc.oniceconnectionstatechange = null;
    rtc.ondatachannel = null;
    rtc.close();
    this.#tracksChanged(this.#tracks.clear());
  }

  async #offerIfDue(): Promise<void> {
    if (!this.#wanted || this.#offer !== undefined || this.rtc.signalingState !== 'stable') return;
    this.#wanted = false;
    if (!this.#facts.mayOffer && this.#round > 0) return this.#control('request_offer');
    await this.senders.attach(this.#owner.publications, undefined);
    if (this.#round === 0 || !this.#facts.mayOffer) this.senders.expect(this.#owner.expected);
    const iceRestart = this.#restart;
    this.#restart = false;
    this.#batch.hold();
    const offer = await this.rtc.createOffer(iceRestart ? { iceRestart } : {});
    await this.rtc.setLocalDescription(offer);
    this.#round += 1;
    const description = this.#local('offer', offer);
    this.#offer = { round: this.#round, description, iceRestart };
    this.#send(this.#round, description);
    this.#batch.release();
  }

  /**
   * The peer's offer had no room for what this side sends. A side that may not offer asks again, after the roster had
   * time to tell the peer.
   */
  #wantAgain(): void {
    if (this.#facts.mayOffer) {
      this.#wanted = true;
      return void this.#operations.run(() => this.#offerIfDue());
    }
    if (this.#asks >= MOST_ASKS) return;
    this.#asks += 1;
    this.#askTimer = setTimeout(() => this.#control('request_offer'), ASK_AGAIN_MS);
  }

  async #description(round: number, description: Description): Promise<void> {
    switch (description.type) {
      case 'offer':
        return this.#offered(round, description);
      case 'answer':
      case 'pranswer':
        return this.#answered(round, description);
      case 'rollback':
        // The peer withdraws an offer that it has not got an answer to.
        if (this.rtc.signalingState === 'have-remote-offer') {
          await this.rtc.setRemoteDescription({ type: 'rollback' });
        }
    }
  }

  async #offered(round: number, description: Description): Promise<void> {
    if (this.#answer !== undefined && round <= this.#answer.round) {
      // A repeated offer: its answer may be lost. An older one is over.
      if (round === this.#answer.round) this.#send(round, this.#answer.description);
      return;
    }
    // Two offers that meet may have the same number; else it is one of a round that is over.
    if (round < this.#round || (round === this.#round && this.#round > 0 && this.#offer === undefined))
      return;
    if (this.#offer !== undefined) {
      if (!this.#facts.polite) return;
      await this.rtc.setLocalDescription({ type: 'rollback' });
      this.#restart ||= this.#offer.iceRestart;
      this.#offer = undefined;
      this.#wanted ||= this.#restart;
    }
    const sections = sdpSections(description.sdp);
    let unsent = false;
    try {
      await this.rtc.setRemoteDescription({ type: 'offer', sdp: description.sdp });
      const { mayOffer } = this.#facts;
      unsent = await this.senders.attach(this.#owner.publications, sections, mayOffer);
      this.#batch.hold();
      const answer = await this.rtc.createAnswer();
      await this.rtc.setLocalDescription(answer);
      this.#round = round;
      this.#answer = { round, description: this.#local('answer', answer, sections) };
    } catch (error) {
      this.#refuse(round, error);
      throw error;
    }
    this.#send(round, this.#answer.description);
    this.#batch.release();
    await this.#applied(round, description, sections);
    await this.senders.limit();
    // What a rolled-back offer was to bring, and the answer could not take along.
    if (unsent || this.senders.unnegotiated) this.#wantAgain();
    await this.#offerIfDue();
  }

  async #answered(round: number, description: Description): Promise<void> {
    if (this.#offer?.round !== round) return;
    const type = description.type === 'pranswer' ? 'pranswer' : 'answer';
    try {
      await this.rtc.setRemoteDescription({ type, sdp: description.sdp });
    } catch (error) {
      this.#refuse(round, error);
      throw error;
    }
    if (type === 'answer') this.#offer = undefined;
    await this.#applied(round, description, sdpSections(description.sdp));
    await this.senders.limit();
    await this.#offerIfDue();
  }

  async #applied(round: number, description: Description, sections: readonly SdpSection[]): Promise<void> {
    this.#established = true;
    this.#tracksChanged(this.#tracks.update(this.rtc.getTransceivers(), sections, description.media ?? []));
    await this.#candidates.described(round, description.sdp);
    this.#owner.changed(this);
  }

  async #asked(round: number, control: Extract<SignalPayload, { readonly kind: 'control' }>): Promise<void> {
    switch (control.action) {
      case 'request_offer':
        // An offer that is under way answers the request, if only it arrives.
        if (this.#offer !== undefined) return this.#send(this.#offer.round, this.#offer.description);
        this.senders.expect(this.#owner.expected);
        this.#wanted = true;
        return this.#offerIfDue();
      case 'request_ice_restart':
        // The peer asked before it saw the restart that is under way: its answer gathers anew too.
        if (this.#offer?.iceRestart === true) return;
        this.#restart = true;
        this.#wanted = true;
        return this.#offerIfDue();
      case 'reject':
        if (this.#offer?.round !== round) return;
        await this.#withdraw();
        return this.#owner.rejected(this, control.reason ?? 'unspecified', control.detail ?? '');
    }
  }

  /** Back to the last state that both agreed on. */
  async #withdraw(): Promise<void> {
    if (this.#offer === undefined) return;
    this.#offer = undefined;
    if (this.established) await this.rtc.setLocalDescription({ type: 'rollback' });
  }

  #refuse(round: number, error: unknown): void {
    const detail = String(error).slice(0, 200);
    this.#owner.send(this, round, {
      kind: 'control',
      action: 'reject',
      reason: error instanceof SyntaxError ? 'malformed' : 'incompatible_media',
      detail,
    });
  }

  #control(action: 'request_offer' | 'request_ice_restart'): void {
    this.#owner.send(this, this.#round, { kind: 'control', action });
  }

  #send(round: number, description: Description): void {
    this.#owner.send(this, round, description);
  }

  /** As it was set, with the candidates found meanwhile: some stacks report those by no event (werift after a rollback). */
  #local(type: SdpType, created: RTCSessionDescriptionInit, offered?: readonly SdpSection[]): Description {
    const sdp = this.rtc.localDescription?.sdp ?? created.sdp ?? '';
    const media: readonly MediaSection[] = this.senders.sections(offered);
    return { kind: 'description', type, sdp, media };
  }

  #gathered(candidate: RTCIceCandidate | null | undefined): void {
    // werift ends with undefined, browsers with null.
    if (!candidate) {
      this.#batch.end();
      return;
    }
    const plain = typeof candidate.toJSON === 'function' ? candidate.toJSON() : candidate;
    const { candidate: text = '', sdpMid, sdpMLineIndex, usernameFragment } = plain;
    if (text === '') return;
    this.#batch.add({
      candidate: text,
      sdpMid: sdpMid ?? null,
      sdpMLineIndex: sdpMLineIndex ?? null,
      usernameFragment: usernameFragment ?? null,
    });
  }

  #tracksChanged(change: TrackChange): void {
    if (change.added.length > 0 || change.removed.length > 0) this.#owner.tracksChanged(this, change);
  }
}
