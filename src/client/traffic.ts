import { encode } from './codec/encode.ts';
import type { IceServersUpdate, Resync, ServerFrame } from './codec/messages.ts';
import type { Environment } from './environment.ts';
import { refusalFromWire } from './frame-error.ts';
import type { ReadPosition } from './handshake.ts';
import { Inbox } from './inbox.ts';
import type { Logger } from './options.ts';
import type { FrameBody } from './outbox.ts';
import { Outbox } from './outbox.ts';
import { Pings } from './pings.ts';
import { Receipts } from './receipts.ts';
import { Rooms } from './rooms.ts';
import { SignalboxError } from './signalbox-error.ts';
import type { Kept } from './tab-keeper.ts';
import type { Reason } from './vocabulary.ts';

/** What carries the frames, while it is there. */
export interface Carrier {
  readonly open: boolean;
  /** Hands an encoded frame over, with an acknowledgement where that is not 0; dropped unless open. */
  send(frame: Uint8Array | undefined, ack: number): void;
}

/** What is not for the rooms. */
export interface TrafficEvents {
  iceServers(update: IceServersUpdate): void;
  /** `token` may be ''. */
  tokenExpiring(token: string): void;
}

/** The frames of a session in both directions, whatever connection carries them: what was sent, read, and for whom. */
export class Traffic {
  readonly outbox: Outbox;
  readonly pings: Pings;
  readonly receipts = new Receipts();
  readonly rooms = new Rooms();
  readonly #inbox: Inbox;
  readonly #logger: Logger;
  readonly #carrier: Carrier;
  readonly #events: TrafficEvents;

  /** `frameBytes`: the largest frame that the gateway takes; 0: not known. */
  constructor(
    environment: Environment,
    logger: Logger,
    carrier: Carrier,
    frameBytes: () => number,
    events: TrafficEvents,
  ) {
    this.#logger = logger;
    this.#carrier = carrier;
    this.#events = events;
    this.outbox = new Outbox((frame) => carrier.send(frame, this.#takeAck()), frameBytes);
    this.#inbox = new Inbox(environment, () => {
      const ack = this.#takeAck();
      if (ack > 0) carrier.send(undefined, ack);
    });
    this.pings = new Pings(environment, (id) => this.send({ case: 'ping', value: { id } }));
  }

  /** Sends a frame without number: dropped unless connected. */
  send(body: FrameBody): void {
    if (this.#carrier.open) this.#carrier.send(encode('ClientFrame', { body }), this.#takeAck());
  }

  /** How far was read, as a Hello tells it. Until that is answered nothing is acknowledged. */
  position(): ReadPosition {
    this.#inbox.hold();
    return {
      epoch: this.#inbox.epoch,
      receivedSeq: this.#inbox.received,
      rooms: [...this.rooms.values()].flatMap((room) => room.position ?? []),
    };
  }

  /** The session goes on: sends again what is not acknowledged. */
  resumed(): void {
    this.#inbox.release(true);
    this.outbox.replay(0);
  }

  /** Its first session: `sent` frames went with the Hello. */
  began(epoch: string, sent: number): void {
    this.#inbox.restart(epoch, 1);
    this.outbox.replay(sent);
  }

  /** Another session has taken its place: the rooms are joined again, everything else is reported. */
  beganAfresh(epoch: string, reason: Reason): void {
    const detail = `the session was lost (${reason}) before the gateway acknowledged: it may or may not have arrived`;
    const error = new SignalboxError({ reason: 'outcome_unknown', detail });
    this.#logger.warn(`the session could not be resumed: ${reason}. A fresh one is open`);
    this.#inbox.restart(epoch, 1);
    this.receipts.lost(error);
    this.outbox.restart(() => [...this.rooms.values()].flatMap((room) => room.rejoin()), error);
  }

  /** The Hello of before is not answered; frames go on as they went. */
  stays(): void {
    this.#inbox.release(false);
  }

  /** A frame of the gateway, and the size of the message that brought it. */
  frame(frame: ServerFrame, bytes: number): void {
    if (frame.seq === 0 || this.#inbox.take(frame.seq, bytes)) {
      try {
        this.#dispatch(frame);
      } catch (error) {
        this.#logger.error('a frame of the gateway could not be processed', error);
      }
    }
    if (frame.ack > 0) this.outbox.acknowledged(frame.ack);
  }

  /** No connection is wanted for now. */
  rest(): void {
    this.#inbox.rest();
  }

  /** The session has ended: everybody who waits is told. */
  end(reason: Reason, detail: string, unknown: SignalboxError, unsent: SignalboxError): void {
    this.#inbox.rest();
    this.pings.abandon();
    for (const room of [...this.rooms.values()]) room.sessionClosed(reason, detail);
    this.receipts.lost(unknown);
    this.outbox.abandon(unknown, unsent);
  }

  /** What the next page of the tab goes on with. Nothing is sent after it. */
  leave(): Pick<Kept, 'epoch' | 'received' | 'sent' | 'frames'> {
    this.outbox.seal();
    return { epoch: this.#inbox.epoch, received: this.#inbox.received, ...this.outbox.kept };
  }

  /** Goes on where the page before stopped. */
  restore(kept: Kept): void {
    this.#inbox.restart(kept.epoch, kept.received + 1);
    this.outbox.restore(kept, (error) =>
      this.#logger.warn('a frame of the page before did not arrive', error),
    );
  }

  /** What a frame that leaves now acknowledges; nothing while it could only be dropped. */
  #takeAck(): number {
    return this.#carrier.open ? this.#inbox.takeAck() : 0;
  }

  #dispatch(frame: ServerFrame): void {
    const { body, origin } = frame;
    switch (body.case) {
      case 'error': {
        const error = refusalFromWire(body.value);
        if (!this.outbox.refused(body.value.seq, error)) this.#logger.debug?.('refused', error);
        break;
      }
      case 'receipt':
        this.receipts.arrived(body.value);
        break;
      case 'pong':
        this.pings.pong(body.value.id);
        break;
      case 'resync':
        this.#resync(body.value);
        break;
      case 'iceServersUpdate':
        this.#events.iceServers(body.value);
        break;
      case 'tokenExpiring':
        this.#events.tokenExpiring(body.value.token);
        break;
      default:
        // A store that lost its memory hands over again what came before.
        if (frame.seq !== 0 && origin && !this.#inbox.takeFrom(origin.sender, origin.senderSeq)) return;
        if (body.case === 'signal' && body.value.wantReceipt) this.#inbox.hurry();
        this.rooms.of(frame)?.frame(frame);
    }
  }

  #resync(resync: Resync): void {
    // A room's Resync is followed by a snapshot, which tells it all.
    if (resync.room !== '') return;
    this.#inbox.restart(resync.epoch, resync.nextSeq);
    for (const room of this.rooms.values()) room.inboxLost();
  }
}
