import type { Joined, ServerFrame } from '../../../gen/signalbox/v1/frame_pb.ts';
import type { RosterDelta } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Upgraded } from '../websocket/accept.ts';
import { type ClassicFault, type ClassicMessage, isFault } from './classic-message.ts';
import { type ClientBody, Member } from './member.ts';
import { type Registration, readRegistration } from './registration.ts';
import { errorReply, faultReply, goingAway, notRegistered, out, pending, registered } from './replies.ts';
import type { RosterChange } from './roster.ts';

/** What a {@link ClassicSession} asks of its lane. */
export interface ClassicPort {
  /** Opens the core's side: Hello follows. */
  begin(): void;
  /** Tells the page. */
  reply(message: object): void;
  /** Tells the core, at once or when it takes frames again. `to`: whom it is about, handed back with a refusal. */
  send(body: ClientBody, to: string): void;
  /** Stops and goes on handing over the page's messages. */
  hold(): void;
  release(): void;
}

export interface ClassicConfig {
  /** Room of a page that names none. */
  readonly room: string;
  /** Makes the token of a page that brings none; a rejection is told to the page as DENIED. */
  tokenFor(id: string): Promise<string>;
  /** See `Pair`. */
  nonce(): string;
}

/**
 * `new`: nothing but `register` is taken. `registering`: the token is made, then the join is under way; the page is
 * not read. `waiting`: in the lobby. `joined`: relays. A refusal and a `Left` lead back to `new`.
 */
type State =
  | { readonly status: 'new' }
  | { readonly status: 'registering' | 'waiting'; readonly registration: Registration }
  | { readonly status: 'joined'; readonly registration: Registration; readonly member: Member };

/** What a classic page does from connecting to leaving, without any wire. */
export class ClassicSession {
  readonly #port: ClassicPort;
  readonly #config: ClassicConfig;
  readonly #url: string;
  readonly #bearerToken: string;
  #state: State = { status: 'new' };
  /** The id that Hello was sent for: a connection has one identity. */
  #greeted: string | undefined;

  constructor(port: ClassicPort, config: ClassicConfig, { url, peer }: Pick<Upgraded, 'url' | 'peer'>) {
    this.#port = port;
    this.#config = config;
    this.#url = url;
    this.#bearerToken = peer.bearerToken;
  }

  fromPage(message: ClassicMessage | ClassicFault): void {
    if (isFault(message)) this.#port.reply(faultReply(message, ''));
    else if (message.type === 'register') this.#register(message);
    else if (message.type === 'ping') this.#port.reply({ type: 'pong' });
    else if (message.type === 'pong') return;
    else if (this.#state.status !== 'joined') this.#port.reply(this.#notYet(message.to));
    else if (message.type === 'leave' && message.to === '')
      this.#port.send(this.#leave(this.#state.registration), '');
    else this.#relay(this.#state.member, message);
  }

  fromGateway({ body, origin }: ServerFrame, about: (seq: number) => string): void {
    const member = this.#state.status === 'joined' ? this.#state.member : undefined;
    if (body.case === 'joined') this.#joined(body.value);
    else if (body.case === 'joinPending') this.#wait(body.value.reason);
    else if (body.case === 'rosterDelta' && member !== undefined) this.#roster(member, body.value);
    else if (body.case === 'signal') this.#tell(member?.fromSignal(body.value, origin?.sender ?? ''));
    else if (body.case === 'message') this.#tell(member?.fromMessage(body.value, origin));
    else if (body.case === 'error')
      this.#refused(body.value.reason, body.value.detail, about(body.value.seq));
    else if (body.case === 'closed') this.#refused(body.value.reason, body.value.detail, '');
    else if (body.case === 'tokenExpiring') this.#renew(body.value.token);
    else if (body.case === 'goAway') this.#tell([goingAway(body.value.reason)]);
    else if (body.case === 'left') {
      this.#tell([out(body.value.reason, body.value.detail)]);
      this.#state = { status: 'new' };
      this.#port.release();
    }
  }

  /** What the core is told when the page is gone: a classic page cannot resume, so its peers need not wait for it. */
  farewell(): ClientBody | undefined {
    return this.#state.status === 'new' || this.#greeted === undefined
      ? undefined
      : this.#leave(this.#state.registration);
  }

  #register(message: ClassicMessage): void {
    const registration = readRegistration(message, this.#url, this.#config.room);
    const greeted = this.#greeted;
    if (isFault(registration)) this.#port.reply(faultReply(registration, ''));
    else if (greeted !== undefined && greeted !== registration.id) {
      const detail = `this connection is \`${greeted}\`: open another one to be \`${registration.id}\``;
      this.#port.reply(notRegistered(Reason.DENIED, detail));
    } else if (this.#state.status === 'joined') this.#confirm(this.#state.member);
    else if (this.#state.status === 'new') {
      this.#state = { status: 'registering', registration };
      this.#port.hold();
      if (greeted === undefined) void this.#introduce(registration);
      else this.#join(registration);
    }
  }

  async #introduce(registration: Registration): Promise<void> {
    let token = registration.token || this.#bearerToken;
    try {
      if (token === '') token = await this.#config.tokenFor(registration.id);
    } catch (error) {
      this.#fail(Reason.DENIED, error instanceof Error ? error.message : 'no token can be made');
      return;
    }
    this.#greet(registration, token);
  }

  #greet(registration: Registration, token: string): void {
    this.#greeted = registration.id;
    this.#port.begin();
    // One device for all pages of an identity: who registers again replaces the connection that was lost.
    const value = { token, deviceId: 'classic', client: { sdk: 'classic' } };
    this.#port.send({ case: 'hello', value }, '');
    this.#join(registration);
  }

  #join({ room, name }: Registration): void {
    this.#port.send({ case: 'join', value: { room, name } }, '');
  }

  #leave({ room }: Registration): ClientBody {
    return { case: 'leave', value: { room } };
  }

  #joined(joined: Joined): void {
    if (this.#state.status === 'new') return;
    const { registration } = this.#state;
    const { participants, rosterComplete } = joined;
    if (this.#state.status === 'joined') {
      const { member } = this.#state;
      this.#tellRoster(member, member.roster.snapshot(participants, rosterComplete));
      return;
    }
    const { id = '', identity = registration.id } = joined.participant ?? {};
    const member = new Member({ id, identity }, joined.room, () => this.#config.nonce());
    member.roster.snapshot(participants, rosterComplete);
    this.#state = { status: 'joined', registration, member };
    this.#confirm(member);
    this.#port.release();
  }

  #confirm({ own, room, roster }: Member): void {
    this.#port.reply(registered(own.identity, room, roster.identities));
  }

  #roster(member: Member, { snapshot, joined, left, complete }: RosterDelta): void {
    const gone = left.map(({ id }) => id);
    const { roster } = member;
    this.#tellRoster(member, snapshot ? roster.snapshot(joined, complete) : roster.change(joined, gone));
    member.forget(gone);
  }

  #tellRoster({ room }: Member, { joined, left }: RosterChange): void {
    for (const id of left) this.#port.reply({ type: 'participant_left', data: { id, room } });
    for (const id of joined) this.#port.reply({ type: 'participant_joined', data: { id, room } });
  }

  #relay(member: Member, message: ClassicMessage): void {
    const result = member.toFrame(message);
    if ('error' in result) this.#port.reply(result.error);
    else if (isFault(result)) this.#port.reply(faultReply(result, message.to));
    else this.#port.send(result, message.to);
  }

  #refused(reason: Reason, detail: string, to: string): void {
    if (this.#state.status === 'registering' || this.#state.status === 'waiting') this.#fail(reason, detail);
    else this.#port.reply(errorReply(reason, detail, to));
  }

  #fail(reason: Reason, detail: string): void {
    this.#state = { status: 'new' };
    this.#port.reply(notRegistered(reason, detail));
    this.#port.release();
  }

  #wait(reason: Reason): void {
    if (this.#state.status !== 'registering') return;
    this.#state = { status: 'waiting', registration: this.#state.registration };
    this.#port.reply(pending(reason));
    this.#port.release();
  }

  #notYet(to: string): object {
    const message =
      this.#state.status === 'waiting'
        ? 'you were not let into the room yet'
        : 'register first: {"type":"register","data":{"id":"your id"}}';
    return errorReply(Reason.NOT_JOINED, message, to);
  }

  /** A classic page knows of no tokens: where the gateway renews its token, it is handed in for it. */
  #renew(token: string): void {
    if (token !== '') this.#port.send({ case: 'refreshToken', value: { token } }, '');
  }

  #tell(messages: readonly object[] | undefined): void {
    for (const message of messages ?? []) this.#port.reply(message);
  }
}
