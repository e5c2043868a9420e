import { setTimeout as delay } from 'node:timers/promises';
import { CommandError } from '../auth/token-command.ts';
import { type Environment, systemEnvironment } from '../client/environment.ts';
import { adviceFor } from './advice.ts';
import type { LoadOptions } from './options.ts';
import { pace } from './pacer.ts';
import { Participant, type Stage } from './participant.ts';
import { Payload } from './payload.ts';
import { pickBelow, type Random, seededRandom } from './random.ts';
import { Rooms } from './rooms.ts';
import { Schedule } from './schedule.ts';
import { Tally } from './tally.ts';
import type { TokenSupply } from './tokens.ts';
import { Turn } from './turn.ts';

/** What a run is at. */
export type Phase = 'joining' | 'warming up' | 'measuring' | 'waiting for the last' | 'leaving';

/** What a run shows of itself while it lasts. */
export interface RunView {
  readonly tally: Tally;
  readonly phase: Phase;
  readonly sessions: number;
}

/** What came of a run. */
export interface RunResult {
  readonly tally: Tally;
  /** Sessions that were wanted. */
  readonly sessions: number;
  /** Acknowledged, and not arrived at a participant who was still there. */
  readonly missing: number;
  /** Sent and not answered. */
  readonly pending: number;
  /** What was measured, in milliseconds. */
  readonly measuredMs: number;
  /** Why it ended before its time; undefined: it did not. */
  readonly endedEarly: string | undefined;
}

/** The first of a run is sent for so long without being measured: both sides run code that they have not run before. */
const WARM_UP_MS = 1_000;
/** For what is under way at the end. */
const DRAIN_MS = 5_000;
/** LOSSY messages that have not come in this time do not come. */
const QUIET_MS = 1_000;
const LOOK_MS = 50;
/** Joins under way at a time: a gateway takes 100 TLS handshakes of an address. */
const JOINS = 64;
/** The first session tells whether the rest is worth trying. */
const FIRST_MS = 5_000;
/** Without any connection for so long, there is nothing to measure any more. */
const ALONE_MS = 10_000;

/** One run: joins, load, the rest, leaving. */
export class Run implements RunView {
  readonly tally = new Tally();
  readonly #options: LoadOptions;
  readonly #tokens: TokenSupply;
  readonly #stop: AbortSignal;
  readonly #stage: Stage;
  /** By room. */
  readonly #places: readonly (readonly Participant[])[];
  readonly #random: Random;
  #phase: Phase = 'joining';

  /** `stop`: ends it early. */
  constructor(
    options: LoadOptions,
    tokens: TokenSupply,
    stop: AbortSignal,
    environment: Environment = environmentOf(options),
  ) {
    this.#options = options;
    this.#tokens = tokens;
    this.#stop = stop;
    this.#random = seededRandom(options.seed);
    const { url, transport, content, size } = options;
    this.#stage = {
      environment,
      url,
      transport,
      content,
      payload: new Payload(size),
      tally: this.tally,
      turn: new Turn(),
      tokenFor: (seat) => tokens.tokenFor(seat),
      window: { from: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY },
    };
    this.#places = this.#roomNames().map((room, number) =>
      Array.from({ length: options.participants }, (_, place) => {
        const index = number * options.participants + place;
        return new Participant({ index, room, hub: place === 0 && options.name === 'cameras' }, this.#stage);
      }),
    );
  }

  get phase(): Phase {
    return this.#phase;
  }

  get sessions(): number {
    return this.#options.rooms * this.#options.participants;
  }

  /** Rejects with CommandError where rooms could not be made, or the first session could not join. */
  async go(): Promise<RunResult> {
    const rooms = await this.#makeRooms();
    try {
      await this.#join();
      const early = await this.#load();
      this.#phase = 'waiting for the last';
      await this.#drain();
      return this.#result(early);
    } finally {
      this.#phase = 'leaving';
      await Promise.all(this.#places.flat().map((participant) => participant.close()));
      // What is left is empty, and goes by itself.
      await rooms?.remove(this.#roomNames()).catch(() => {});
    }
  }

  /** undefined: joining makes them. */
  async #makeRooms(): Promise<Rooms | undefined> {
    const { scenario, url } = this.#options;
    const token = scenario.settings && (await this.#tokens.adminToken());
    if (scenario.settings === undefined || token === undefined) return undefined;
    const rooms = new Rooms(url, token);
    await rooms.create(this.#roomNames(), scenario.settings);
    return rooms;
  }

  async #join(): Promise<void> {
    const [first, ...others] = this.#places.flat();
    await first?.open(FIRST_MS);
    const [problem] = this.tally.notOpened.entries;
    if (problem !== undefined) {
      const hint = adviceFor(problem.reason);
      throw new CommandError(
        `the first session did not join: ${problem.reason}: ${problem.detail}${hint && `\n${hint}`}`,
      );
    }
    const began = performance.now();
    const underWay = new Set<Promise<void>>();
    for (const [index, participant] of others.entries()) {
      const due = began + (index * 1000) / this.#options.ramp;
      await delay(Math.max(0, due - performance.now()));
      while (underWay.size >= JOINS) await Promise.race(underWay);
      if (this.#stop.aborted) break;
      const opening = participant.open().finally(() => underWay.delete(opening));
      underWay.add(opening);
    }
    await Promise.all(underWay);
  }

  /** Why it ended before its time. */
  async #load(): Promise<string | undefined> {
    const { durationMs, rate, scenario } = this.#options;
    if (this.#stop.aborted) return 'stopped by the user';
    const playing = this.#playing();
    if (playing.length === 0) return 'no room had the participants that it needs';
    const now = performance.now();
    const from = now + WARM_UP_MS;
    this.#stage.window = { from, until: from + durationMs };
    this.#phase = 'warming up';
    const schedule = new Schedule({ rate, random: this.#random, from: now, until: from + durationMs });
    const alone = new AbortController();
    const watch = this.#watchConnections(() => alone.abort());
    await pace(
      schedule,
      (due) => {
        if (due >= from) this.#phase = 'measuring';
        const room = playing[pickBelow(playing.length, this.#random)] ?? [];
        const turn = scenario.turn(room.length, this.#random);
        const to = room[turn.to];
        if (to !== undefined) room[turn.from]?.send(to, due);
      },
      AbortSignal.any([this.#stop, alone.signal]),
    );
    clearInterval(watch);
    const ended = performance.now();
    if (!alone.signal.aborted && !this.#stop.aborted) return undefined;
    this.#stage.window = { from: Math.min(from, ended), until: Math.min(from + durationMs, ended) };
    return this.#stop.aborted ? 'stopped by the user' : `no session was connected for ${ALONE_MS / 1000} s`;
  }

  /** Rooms where something can happen: of those who came. */
  #playing(): readonly (readonly Participant[])[] {
    return this.#places
      .filter(([first]) => !this.#options.scenario.led || first?.present)
      .map((room) => room.filter(({ present }) => present))
      .filter((room) => room.length > 1);
  }

  #watchConnections(alone: () => void): NodeJS.Timeout {
    let connectedAt = performance.now();
    return setInterval(() => {
      if (this.tally.connected > 0) connectedAt = performance.now();
      else if (performance.now() - connectedAt >= ALONE_MS) alone();
    }, LOOK_MS);
  }

  async #drain(): Promise<void> {
    const began = performance.now();
    let arrivedAt = began;
    let received = this.tally.received;
    while (performance.now() - began < DRAIN_MS && this.tally.connected > 0) {
      if (this.tally.pending === 0 && this.#missing() === 0) return;
      await delay(LOOK_MS);
      if (received !== this.tally.received) arrivedAt = performance.now();
      received = this.tally.received;
      const isQuiet = performance.now() - arrivedAt >= QUIET_MS;
      if (this.#options.content === 'lossy' && isQuiet) return;
    }
  }

  #missing(): number {
    let missing = 0;
    for (const [room, participants] of this.#places.entries()) {
      const first = room * this.#options.participants;
      for (const sender of participants) {
        for (const [index, stream] of sender.streams) {
          const addressed = participants[index - first];
          const receivers = addressed === undefined ? participants : [addressed];
          for (const receiver of receivers) {
            if (receiver !== sender && receiver.present) missing += receiver.missingOf(stream, sender);
          }
        }
      }
    }
    return missing;
  }

  #result(endedEarly: string | undefined): RunResult {
    const { from, until } = this.#stage.window;
    return {
      tally: this.tally,
      sessions: this.sessions,
      missing: this.#missing(),
      pending: this.tally.pending,
      measuredMs: Number.isFinite(from) ? until - from : 0,
      endedEarly,
    };
  }

  #roomNames(): readonly string[] {
    const { rooms, roomPrefix } = this.#options;
    return Array.from({ length: rooms }, (_, index) => `${roomPrefix}${index + 1}`);
  }
}

/** What sessions run in. gRPC has certificates verified by itself, whatever the process takes. */
function environmentOf({ insecure }: LoadOptions): Environment {
  const environment = systemEnvironment();
  if (!insecure) return environment;
  return {
    ...environment,
    async transport(name) {
      if (name !== 'grpc') return environment.transport(name);
      const { grpcTransportOver } = await import('../client/transport/grpc.ts');
      return grpcTransportOver(false);
    },
  };
}
