import type { Joined, Left, ServerFrame, Signal as WireSignal } from './codec/messages.ts';
import { CountBatch } from './count-batch.ts';
import { Deferred } from './deferred.ts';
import { LiveEmitter } from './emitter.ts';
import { joinBody, leaveBody, messageValue, moderateBody, reportBody, updateBody } from './frame-bodies.ts';
import type { DataMessage, SendOptions, Sent } from './message.ts';
import type { Moderation } from './moderation.ts';
import { moderationOver } from './moderation.ts';
import type { JoinOptions } from './options.ts';
import type { Draft, FrameBody } from './outbox.ts';
import { unheard } from './outbox.ts';
import type { Participant } from './participant.ts';
import type { LobbyEntry, ParticipantChange, Room, RoomEvents, SetupReport } from './room.ts';
import type { RoomHost } from './room-host.ts';
import type { RoomInfo } from './room-info.ts';
import { RoomView } from './room-view.ts';
import { SendLedger } from './send-ledger.ts';
import type { Session } from './session.ts';
import type { OutgoingSignal, Receipt } from './signal.ts';
import { signalToWire } from './signal.ts';
import { SignalboxError } from './signalbox-error.ts';
import type { Reason } from './vocabulary.ts';
import { reasons } from './vocabulary.ts';

/** A rejoin that the gateway refuses for the moment is tried again after this long, or what the gateway asks for. */
const REJOIN_MS = 2_000;
/** Most messages that a join can bring. */
const HISTORY_MOST = 100;

/**
 * A room as its session keeps it. 'joining': Join is on its way, or waits in the lobby. 'joined'. 'leaving': Leave is on
 * its way. 'closed': out, for good. A lost session leads from 'joined' back to 'joining', with a roster to compare.
 */
export class LiveRoom extends LiveEmitter<RoomEvents> implements Room {
  readonly name: string;
  readonly moderate: Moderation;
  readonly #host: RoomHost;
  readonly #options: JoinOptions;
  /** Own id in the page before, or ''. */
  readonly #formerId: string;
  readonly #view: RoomView;
  readonly #entered = new Deferred<Room>();
  readonly #ledger = new SendLedger();
  readonly #counts: CountBatch;
  #phase: 'joining' | 'joined' | 'leaving' | 'closed' = 'joining';
  /** What the client said of itself: said again by a rejoin. */
  #ownName: string;
  readonly #attributes: Map<string, string>;
  #will: FrameBody | undefined;
  /** Own id in the session that was lost, until the rejoin is through. */
  #previousId = '';
  #stopRetry: (() => void) | undefined;

  /** `former`: own id in the page before; `replaces`: that one's session was lost. */
  constructor(host: RoomHost, name: string, options: JoinOptions, former = { id: '', replaces: false }) {
    super((error) => host.logger.error('a listener threw', error), ['message', 'signal']);
    this.#host = host;
    this.name = name;
    this.#options = options;
    this.#formerId = former.id;
    if (former.replaces) this.#previousId = former.id;
    this.#ownName = options.name ?? '';
    this.#attributes = new Map(Object.entries(options.attributes ?? {}));
    this.#view = new RoomView(name, this, host.logger, (origin) => this.#ledger.echoed(origin));
    this.#counts = new CountBatch(host.environment, ({ type, key, by }) => {
      const facts = { room: name, type, key, count: by, delivery: 'counted' as const, content: undefined };
      return this.#request({ case: 'message', value: messageValue(facts) });
    });
    this.moderate = moderationOver((request) => this.#request(moderateBody(name, request)));
  }

  // What the application sees.

  /** Settles with the first whole roster, or the refusal. */
  get entered(): Promise<Room> {
    return this.#entered.promise;
  }

  get session(): Session {
    return this.#host.session;
  }

  get self(): Participant {
    const { self } = this.#view;
    if (self === undefined) throw new TypeError('not joined yet');
    return self;
  }

  get participants(): ReadonlyMap<string, Participant> {
    return this.#view.participants;
  }

  get count(): number {
    return this.#view.count;
  }

  get info(): RoomInfo {
    return this.#view.info;
  }

  get retained(): ReadonlyMap<string, DataMessage> {
    return this.#view.retained;
  }

  get history(): readonly DataMessage[] {
    return this.#view.history;
  }

  get hub(): Participant | undefined {
    return this.#view.hub;
  }

  get lobby(): ReadonlyMap<string, LobbyEntry> {
    return this.#view.lobby;
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  get restored(): boolean {
    return this.#formerId !== '';
  }

  /** Own id here, or in the page before; '' before the first join. */
  get lastId(): string {
    return this.#view.self?.id ?? this.#formerId;
  }

  async send(type: string, content: string | Uint8Array, options: SendOptions = {}): Promise<Sent> {
    this.#check();
    const { delivery = 'reliable' } = options;
    const body: FrameBody = {
      case: 'message',
      value: messageValue({ room: this.name, type, content, ...options, delivery }),
    };
    if (delivery === 'reliable' && options.to === undefined) {
      const { draft, sent } = this.#ledger.draft(body);
      this.#host.submit(draft);
      return sent;
    }
    if (delivery === 'lossy') this.#host.post(body);
    else await this.#request(body);
    return { offset: undefined, acceptedAt: undefined };
  }

  addCount(type: string, key: string, by = 1): void {
    this.#check();
    if (!Number.isSafeInteger(by)) throw new TypeError('a count is a whole number');
    this.#counts.add(type, key, by);
  }

  async signal(to: Participant | string, signal: OutgoingSignal): Promise<Receipt> {
    const id = typeof to === 'string' ? to : to.id;
    const body: FrameBody = {
      case: 'signal',
      value: signalToWire(this.name, id === 'hub' ? '' : id, signal),
    };
    let receipt: Promise<Receipt> | undefined;
    let seq = 0;
    try {
      await this.#request(body, (given) => {
        seq = given;
        if (signal.wantReceipt === true) receipt = this.#host.receipt(seq);
      });
    } catch (error) {
      if (receipt !== undefined) this.#host.noReceipt(seq, receipt);
      throw error;
    }
    return receipt ?? { status: 'accepted' };
  }

  async update(change: ParticipantChange): Promise<void> {
    await this.#request(updateBody(this.name, change));
    this.#ownName = change.name ?? this.#ownName;
    for (const [key, value] of Object.entries(change.attributes ?? {})) {
      if (value === null) this.#attributes.delete(key);
      else this.#attributes.set(key, value);
    }
  }

  async setWill(type: string, content: string | Uint8Array | undefined): Promise<void> {
    const message = messageValue({ room: this.name, type, content, delivery: 'reliable' });
    const value = { room: this.name, ...(content !== undefined && { message }) };
    const will: FrameBody = { case: 'setWill', value };
    await this.#request(will);
    this.#will = content === undefined ? undefined : will;
  }

  report(report: SetupReport): void {
    this.#host.post(reportBody(report));
  }

  leave(): Promise<void> {
    if (this.#phase === 'closed') return Promise.resolve();
    this.#counts.flush();
    this.#phase = 'leaving';
    this.#stopRetry?.();
    return new Promise((resolve) => {
      this.once('closed', () => resolve());
      const left = () => this.#close('left', '');
      const body = leaveBody(this.name, 0);
      this.#host.submit({ body, renewed: true, accepted: left, refused: left, lost: left });
    });
  }

  // What the session calls.

  /** The Join that begins this room. */
  join(): void {
    this.#host.submit(this.#joinDraft());
  }

  /** Leaves without being asked by the application: the page goes. A return within `graceMs` undoes it. */
  leaveWithGrace(graceMs: number): void {
    if (this.#phase === 'joined') this.#host.submit(unheard(leaveBody(this.name, graceMs), () => {}));
  }

  /** The session is a fresh one. The frames that bring this room back. */
  rejoin(): readonly Draft[] {
    this.#ledger.jumped();
    if (this.#phase === 'leaving') this.#close('left', '');
    if (this.#phase === 'closed') return [];
    this.#stopRetry?.();
    const { self } = this.#view;
    this.#previousId = self?.id ?? this.#formerId;
    this.#phase = 'joining';
    const failed = (error: SignalboxError) => this.#host.logger.warn('not restored', this.name, error);
    const again: FrameBody[] = [];
    if (self?.handRaisedAt !== undefined) again.push(updateBody(this.name, { handRaised: true }));
    if (this.#will !== undefined) again.push(this.#will);
    return [this.#joinDraft(), ...again.map((body) => unheard(body, failed))];
  }

  /** How far this room was read; undefined where it is not joined. */
  get position() {
    const inside = this.#view.self !== undefined && (this.#phase === 'joined' || this.#phase === 'leaving');
    return inside ? this.#view.position : undefined;
  }

  /** Whether this is the participant that a signal was sent to. */
  addressed(signal: WireSignal): boolean {
    return signal.to === '' ? signal.room === this.name : signal.to === this.#view.self?.id;
  }

  /** A frame about this room. */
  frame(frame: ServerFrame): void {
    const { body } = frame;
    switch (body.case) {
      case 'joined':
        this.#joined(body.value);
        break;
      case 'joinPending':
        this.#options.onPending?.({ reason: reasons.word(body.value.reason), position: body.value.position });
        break;
      case 'left':
        this.#left(body.value);
        break;
      default:
        this.#view.frame(frame);
        this.#enter();
    }
  }

  /** The session's inbox lost frames. */
  inboxLost(): void {
    this.emit('resync', { cause: 'inbox', missedMessages: false, previousId: '' });
  }

  /** The session has ended. */
  sessionClosed(reason: Reason, detail: string): void {
    this.#close(reason, detail);
  }

  // Within.

  #check(): void {
    if (this.#phase === 'closed') {
      throw new SignalboxError({ reason: 'not_joined', detail: `the room ${this.name} is closed` });
    }
  }

  async #request(body: FrameBody, sequenced?: (seq: number) => void): Promise<void> {
    this.#check();
    const done = new Deferred<void>();
    const failed = (error: SignalboxError) => done.reject(error);
    const accepted = () => done.resolve();
    this.#host.submit({ body, accepted, refused: failed, lost: failed, ...(sequenced && { sequenced }) });
    return done.promise;
  }

  #joinDraft(): Draft {
    const { self } = this.#view;
    const facts = {
      name: this.#ownName,
      attributes: Object.fromEntries(this.#attributes),
      tracks: self?.tracks ?? this.#options.tracks ?? [],
      replaces: this.#previousId,
      history: self === undefined ? (this.#options.history ?? 0) : HISTORY_MOST,
    };
    return {
      body: joinBody(this.name, facts, this.#options),
      renewed: true,
      accepted: () => {},
      refused: (error) => this.#joinRefused(error),
      lost: (error) => this.#close(error.reason, error.detail),
    };
  }

  #joinRefused(error: SignalboxError): void {
    if (this.#phase !== 'joining') return;
    if (this.#view.self !== undefined && error.retryable) {
      this.#stopRetry = this.#host.environment.after(error.retryAfterMs ?? REJOIN_MS, () => this.join());
      return;
    }
    this.#entered.reject(error);
    this.#close(error.reason, error.detail);
  }

  #joined(joined: Joined): void {
    if (this.#phase === 'closed') return;
    if (this.#phase === 'joining') this.#phase = 'joined';
    this.#ledger.jumped();
    const previousId = this.#previousId;
    this.#previousId = '';
    this.#view.snapshot(joined, previousId);
    this.#enter();
  }

  /** The room is the application's as soon as its roster is whole. */
  #enter(): void {
    if (this.#view.complete) this.#entered.resolve(this);
  }

  #left(left: Left): void {
    const reason = reasons.word(left.reason);
    // A Left that follows an earlier membership is no answer to the Join that is on its way.
    if (this.#phase === 'joining' && reason === 'left') return;
    this.#close(reason, left.detail, left.movedTo, left.token);
  }

  #close(reason: Reason, detail: string, movedTo = '', token = ''): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#stopRetry?.();
    this.#counts.stop();
    this.#ledger.jumped();
    this.#entered.reject(new SignalboxError({ reason, detail: detail || `the gateway said: ${reason}` }));
    this.#host.gone(this.name);
    this.emit('closed', { reason, detail, movedTo, token });
  }
}
