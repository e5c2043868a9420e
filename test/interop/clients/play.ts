import { isDeepStrictEqual } from 'node:util';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { contentAt } from '../../helpers/wire-fields.ts';
import type { ForeignClient, ForeignSession, Heard, Json, JsonObject } from './foreign-client.ts';
import type { Step, Who } from './scenario.ts';

/** Field numbers of the relayed bodies, in ClientFrame and ServerFrame alike. */
const bodies = { signal: 3, message: 4 } as const;
const patienceMs = 5_000;

/** Where a scenario is played. */
export interface Stage {
  readonly url: string;
  readonly room: string;
  /** Who plays whom. */
  clientOf(who: Who): ForeignClient;
  tokenOf(who: Who, kind: 'good' | 'forged' | 'none'): Promise<string>;
}

/** Plays all steps. Throws at the first that goes otherwise, and where a client heard what no step has asked for. */
export async function play(stage: Stage, steps: readonly Step[]): Promise<void> {
  const kept = new Map<string, Json>([['room', stage.room]]);
  const actors = new Map<Who, Actor>();
  let said: Uint8Array = new Uint8Array(0);
  const actorOf = (who: Who): Actor => {
    const actor = actors.get(who);
    if (actor === undefined) throw new Error(`${who} is not there yet`);
    return actor;
  };
  for (const [index, step] of steps.entries()) {
    try {
      if ('opens' in step) {
        const opening = {
          url: stage.url,
          token: await stage.tokenOf(step.who, step.opens),
          first: (step.first ?? []).map((frame) => fill(frame, kept) as JsonObject),
        };
        actors.set(step.who, await Actor.open(stage.clientOf(step.who), opening));
      } else if ('says' in step) {
        const actor = actorOf(step.who);
        said = await actor.say(fill(step.says, kept) as JsonObject);
        kept.set('seq', actor.seq);
      } else if ('breaks' in step) {
        await actorOf(step.who).breaks(fill(step.breaks, kept) as JsonObject, step.closed, step.status);
      } else if ('hears' in step) {
        const heard = await actorOf(step.who).hears(fill(step.hears, kept) as JsonObject);
        for (const [name, path] of Object.entries(step.keep ?? {}))
          kept.set(name, valueAt(heard.frame, path));
        if (step.whole !== undefined) compareRecords(said, heard, bodies[step.whole]);
      } else if ('ends' in step) {
        await actorOf(step.who).ends(step.ends);
      } else actorOf(step.who).hangUp();
    } catch (reason) {
      throw new Error(
        `step ${index + 1}, ${JSON.stringify(step).slice(0, 200)}: ${reason instanceof Error ? reason.message : reason}`,
      );
    }
  }
  for (const [who, actor] of actors) {
    const rest = actor.unheard();
    if (rest.length > 0) throw new Error(`${who} heard what nobody expected: ${JSON.stringify(rest)}`);
  }
}

/** One client of a scenario: numbers what it says, and keeps what it hears until a step asks for it. */
class Actor {
  readonly #client: ForeignClient;
  readonly #heard: Heard[] = [];
  #session: ForeignSession | undefined;
  #seq = 0;
  #ack = 0;
  #status: string | undefined;
  #wake: () => void = () => {};

  private constructor(client: ForeignClient) {
    this.#client = client;
  }

  static async open(client: ForeignClient, opening: Parameters<ForeignClient['open']>[0]): Promise<Actor> {
    const actor = new Actor(client);
    actor.#seq = opening.first.length;
    actor.#session = await client.open(opening, {
      heard: (heard) => {
        const { seq, ...body } = heard.frame;
        if (typeof seq === 'number') actor.#ack = Math.max(actor.#ack, seq);
        // A bare ack and a Ping are of no interest here.
        if (Object.keys(body).some((name) => name !== 'ack' && name !== 'ping' && name !== 'body'))
          actor.#heard.push(heard);
        actor.#wake();
      },
      ended: (status) => {
        actor.#status = status;
        actor.#wake();
      },
    });
    return actor;
  }

  get seq(): number {
    return this.#seq;
  }

  async say(frame: JsonObject): Promise<Uint8Array> {
    const seq = typeof frame['seq'] === 'number' ? frame['seq'] : this.#seq + 1;
    this.#seq = Math.max(this.#seq, seq);
    return this.#live().say({ ...frame, seq, ack: this.#ack });
  }

  /** The next frame that was not taken yet. */
  async hears(expected: JsonObject): Promise<Heard> {
    await this.#until(() => this.#heard.length > 0, JSON.stringify(expected));
    const heard = this.#heard.shift();
    if (heard === undefined) throw new Error('unreachable');
    const difference = differs(heard.frame, expected, '');
    if (difference !== undefined)
      throw new Error(`${difference}, in ${JSON.stringify(heard.frame).slice(0, 500)}`);
    return heard;
  }

  async breaks(frame: JsonObject, closed: JsonObject, status: string): Promise<void> {
    if (this.#client.inHalves) {
      const failure = await this.say(frame).then(
        () => 'nothing',
        (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
      );
      if (failure !== status) throw new Error(`the call failed with ${failure}`);
      return;
    }
    await this.say(frame);
    await this.hears({ closed });
    await this.ends(status);
  }

  async ends(status: string): Promise<void> {
    await this.#until(() => this.#status !== undefined, `the end, ${status}`);
    if (this.#status !== status) throw new Error(`it ended with ${this.#status}`);
  }

  hangUp(): void {
    this.#live().hangUp();
  }

  unheard(): readonly JsonObject[] {
    return this.#heard.map(({ frame }) => frame);
  }

  #live(): ForeignSession {
    if (this.#session === undefined) throw new Error('the session is not open yet');
    return this.#session;
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!holds()) {
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(
          `waited ${patienceMs} ms for ${what}${this.#status === undefined ? '' : `; it ended: ${this.#status}`}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** The record in what was sent and in what arrived: the same bytes; where those are not to be had, the same content. */
function compareRecords(said: Uint8Array, { response, isWire }: Heard, body: number): void {
  const sent = contentAt(isWire ? said : encodedAgain(said), body);
  const arrived = contentAt(response, 1, body);
  if (sent === undefined || arrived === undefined) throw new Error('there is no record to compare');
  if (!Buffer.from(sent).equals(arrived)) {
    const [one, other] = [sent, arrived].map((bytes) => Buffer.from(bytes).toString('hex'));
    throw new Error(`the record was sent as ${one} and came as ${other}`);
  }
}

/** As connect-es encodes it. */
function encodedAgain(frame: Uint8Array): Uint8Array {
  return toBinary(ClientFrameSchema, fromBinary(ClientFrameSchema, frame));
}

/** Puts what was kept where a text begins with `$`. */
function fill(value: Json, kept: ReadonlyMap<string, Json>): Json {
  if (typeof value === 'string') {
    if (!value.startsWith('$')) return value;
    const known = kept.get(value.slice(1));
    if (known === undefined) throw new Error(`${value} was not kept`);
    return known;
  }
  if (Array.isArray(value)) return value.map((item: Json) => fill(item, kept));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item as Json, kept)]));
}

/** How `actual` lacks what is expected; undefined: it has all of it. Lists have the same length. */
function differs(actual: Json | undefined, expected: Json, path: string): string | undefined {
  const here = path === '' ? 'the frame' : path;
  if (expected === null || typeof expected !== 'object') {
    // A default that is not in the JSON is there all the same.
    if (actual === undefined && (expected === 0 || expected === '' || expected === false)) return undefined;
    return isDeepStrictEqual(actual, expected)
      ? undefined
      : `${here} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      return `${here} has not ${expected.length} items`;
    return firstOf(
      expected.map((item: Json, index) => differs(actual[index] as Json, item, `${path}[${index}]`)),
    );
  }
  if (actual === null || typeof actual !== 'object' || Array.isArray(actual))
    return `${here} is ${JSON.stringify(actual)}`;
  const object = actual as JsonObject;
  return firstOf(
    Object.entries(expected).map(([name, item]) =>
      differs(object[name], item as Json, path === '' ? name : `${path}.${name}`),
    ),
  );
}

function firstOf(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}

function valueAt(frame: JsonObject, path: string): Json {
  let value: Json | undefined = frame;
  for (const name of path.split('.')) value = (value as JsonObject | undefined)?.[name];
  if (value === undefined) throw new Error(`there is no ${path}`);
  return value;
}
