import type { Environment } from '../client/environment.ts';
import type { ConnectOptions, IncomingSignal, OutgoingSignal, Room, Session } from '../client/index.ts';
import { SignalboxError } from '../client/index.ts';
import { LiveSession } from '../client/live-session.ts';
import type { Note, Payload } from './payload.ts';
import type { Content } from './scenario.ts';
import { Arrivals, Stream } from './stream.ts';
import type { Tally } from './tally.ts';
import type { Seat } from './tokens.ts';
import type { Turn } from './turn.ts';

/** What all participants of a run have in common. */
export interface Stage {
  readonly environment: Environment;
  readonly url: string;
  readonly transport: NonNullable<ConnectOptions['transport']>;
  readonly content: Content;
  readonly payload: Payload;
  readonly tally: Tally;
  readonly turn: Turn;
  readonly tokenFor: (seat: Seat) => Promise<string>;
  /** Only what was due from here to there is measured; in milliseconds of the process's clock. */
  window: { readonly from: number; readonly until: number };
}

/** Connecting is given up after this long, in milliseconds. */
const CONNECT_MS = 20_000;
const connectionId = 'main.load';
const messageType = 'load';
/** Trouble is counted, not logged. */
const silent = { warn: () => {}, error: () => {} };

/** One session of the SDK in one room, as an application has it: it reconnects and resumes by itself. */
export class Participant {
  readonly #seat: Seat;
  readonly #stage: Stage;
  readonly #streams = new Map<number, Stream>();
  /** By the index of the sender. */
  readonly #arrivals = new Map<number, Arrivals>();
  #session: Session | undefined;
  #room: Room | undefined;
  #closing = false;

  constructor(seat: Seat, stage: Stage) {
    this.#seat = seat;
    this.#stage = stage;
  }

  /** It is in its room, or on its way back. */
  get present(): boolean {
    return this.#room?.closed === false;
  }

  /** Connects and joins. Never rejects: it is counted. */
  async open(timeoutMs = CONNECT_MS): Promise<void> {
    const { environment, url, transport, tally, tokenFor } = this.#stage;
    try {
      const token = await tokenFor(this.#seat);
      const began = performance.now();
      const session = await new LiveSession(environment, [url], {
        token: firstly(token, () => tokenFor(this.#seat)),
        transport,
        deviceId: `load-${this.#seat.index}`,
        app: 'signalbox load',
        connectTimeoutMs: timeoutMs,
        logger: silent,
      }).opened;
      this.#session = session;
      const room = await session.join(this.#seat.room);
      tally.joins.record(performance.now() - began);
      this.#opened(session, room);
    } catch (error) {
      const { reason, detail } = factsOf(error);
      tally.notOpened.add(reason, detail);
      void this.#session?.close();
    }
  }

  /** Sends one, as it was due then; signals go to `to`. */
  send(to: Participant, due: number): void {
    const room = this.#room;
    const { content, payload, tally, window } = this.#stage;
    if (room === undefined) return;
    const toRoom = content === 'messages' || content === 'lossy';
    const stream = this.#streamTo(toRoom ? -1 : to.#seat.index);
    const count = stream.next();
    const text = payload.write({ sender: this.#seat.index, count, due });
    tally.sent += 1;
    if (due >= window.from && due < window.until) {
      tally.measured.sent += 1;
      tally.lateness.record(performance.now() - due);
    }
    const done = toRoom
      ? room.send(messageType, text, { delivery: content === 'lossy' ? 'lossy' : 'reliable' })
      : room.signal(to.#room?.self ?? '', signalOf(content, count, text));
    done.then(
      () => {
        if (this.#closing) return;
        stream.accepted(count);
        tally.accepted += 1;
      },
      (error: unknown) => {
        if (this.#closing) return;
        stream.failed(count);
        const { reason, detail } = factsOf(error);
        if (reason === 'outcome_unknown') tally.unknown += 1;
        else tally.refused.add(reason, detail);
      },
    );
  }

  /** What it sent, by the index of the receiver; -1: to the room. */
  get streams(): ReadonlyMap<number, Stream> {
    return this.#streams;
  }

  /** How many of those that `sender` sent on a stream to this one were acknowledged, and have not arrived. */
  missingOf(stream: Stream, sender: Participant): number {
    return this.#arrivalsFrom(sender.#seat.index).missing(stream);
  }

  /** Leaves its room and ends its session, within 2 s. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#session?.close();
  }

  #opened(session: Session, room: Room): void {
    const { tally } = this.#stage;
    this.#room = room;
    tally.opened += 1;
    tally.connected += 1;
    this.#watch(session);
    room.on('closed', ({ reason, detail }) => {
      if (!this.#closing) tally.ended.add(reason, detail);
    });
    room.on('signal', (signal) => this.#arrived(textOf(signal)));
    room.on('message', ({ own, type, content }) => {
      if (!own && type === messageType) this.#arrived(typeof content === 'string' ? content : '');
    });
  }

  #watch(session: Session): void {
    const { tally } = this.#stage;
    let { id } = session;
    let connected = true;
    session.on('state', (state) => {
      if (this.#closing) return;
      if (connected && state.status !== 'connected') {
        tally.connected -= 1;
        if (state.status === 'reconnecting') tally.interrupted.add(state.reason);
      } else if (!connected && state.status === 'connected') {
        tally.connected += 1;
        if (session.id === id) tally.resumed += 1;
        else tally.replaced += 1;
        id = session.id;
      }
      connected = state.status === 'connected';
    });
  }

  #arrived(text: string): void {
    const { payload, tally, turn, window } = this.#stage;
    if (this.#closing) return;
    const note = payload.read(text);
    if (note === undefined) tally.altered += 1;
    else if (this.#take(note) && note.due >= window.from && note.due < window.until) {
      tally.measured.received += 1;
      const now = performance.now();
      tally.latency.record(now - note.due);
      tally.backlog.record(turn.waited(now));
    }
  }

  /** False where it came before. */
  #take({ sender, count }: Note): boolean {
    const { tally } = this.#stage;
    const arrival = this.#arrivalsFrom(sender).take(count);
    if (arrival === 'twice') tally.twice += 1;
    else tally.received += 1;
    if (arrival === 'late') tally.late += 1;
    return arrival !== 'twice';
  }

  #streamTo(receiver: number): Stream {
    return getOrAdd(this.#streams, receiver, () => new Stream());
  }

  #arrivalsFrom(sender: number): Arrivals {
    return getOrAdd(this.#arrivals, sender, () => new Arrivals());
  }
}

function getOrAdd<T>(map: Map<number, T>, key: number, make: () => T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

/** Gives the first token the first time: making it is no part of the time that a join takes. */
function firstly(first: string, further: () => Promise<string>): () => Promise<string> {
  let next: string | undefined = first;
  return async () => {
    const token = next ?? (await further());
    next = undefined;
    return token;
  };
}

function signalOf(content: Content, count: number, text: string): OutgoingSignal {
  const payload: OutgoingSignal['payload'] =
    content === 'offers'
      ? { kind: 'description', type: 'offer', sdp: text }
      : { kind: 'candidates', candidates: [{ candidate: text, sdpMid: '0', sdpMLineIndex: 0 }] };
  return { connectionId, negotiationId: count, payload };
}

function textOf({ payload }: IncomingSignal): string {
  if (payload.kind === 'description') return payload.sdp;
  return payload.kind === 'candidates' ? (payload.candidates[0]?.candidate ?? '') : '';
}

function factsOf(error: unknown): { readonly reason: string; readonly detail: string } {
  if (error instanceof SignalboxError) return error;
  return { reason: 'no token', detail: error instanceof Error ? error.message : String(error) };
}
