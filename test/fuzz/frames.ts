import { fromBinary } from '@bufbuild/protobuf';
import { ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { Lane, LaneEnd, LaneEvents, OpenLane, PrefixFraming } from '../../src/core/lane.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { enumName } from '../helpers/enum-name.ts';
import { testToken } from '../helpers/node-kit.ts';
import { startTestNode, type TestNode } from '../helpers/test-node.ts';
import { fieldsOf } from '../helpers/wire-fields.ts';
import { Agreement } from '../property/fuzz/agreement.ts';
import { corpus } from '../property/fuzz/corpus.ts';
import { mutate } from '../property/fuzz/mutate.ts';
import type { Random } from '../property/fuzz/random.ts';
import { build, parse, type WireField, wireField } from '../property/fuzz/wire-tree.ts';
import { shuffle } from './kit/mutate-bytes.ts';
import { wrong } from './kit/rpc-verdict.ts';
import type { FuzzTarget, Input, OpenTarget, Verdict } from './target.ts';

/** The recipient in the corpus, and the room: what stands there is replaced by those of the run. */
const SOMEBODY = 'p_k3f9a8b7c6d5e4f3';
const ROOM = 'demo';
/** Bodies that are relayed: the same field of ClientFrame and ServerFrame. */
const RELAYED = [3, 4];
const REASONS: ReadonlySet<number> = new Set(
  Object.values(Reason).filter((reason) => typeof reason === 'number' && reason !== Reason.UNSPECIFIED),
);

/**
 * Frames of a client, mutated as protobuf. Each is held against two decoders; then all of an input go through the real
 * core, from a member of a room to another, who must read what was sent and nothing else.
 */
export const framesTarget: FuzzTarget = {
  name: 'frames',
  async open(): Promise<OpenTarget> {
    const core = await FuzzedCore.start();
    const agreement = new Agreement();
    return {
      seeds: corpus.map((bytes) => [numbered(bytes, 1)]),
      width: 1,
      costMs: 500,
      generate,
      async run(input) {
        for (const bytes of input) {
          const verdict = agreement.examine(bytes);
          if (verdict !== 'refused' && 'difference' in verdict) return wrong(verdict.difference);
        }
        return core.run(input);
      },
      faults: () => core.faults(),
      check: () => core.check(),
      close: () => core.stop(),
    };
  },
};

function generate(random: Random, pool: readonly Input[]): Input {
  const known = (): readonly Uint8Array[] => [...random.pick(pool), random.pick(corpus)];
  const input = Array.from({ length: 1 + random.below(4) }, () =>
    random.chance(2) ? random.pick(corpus) : mutate(random, known()),
  );
  const shuffled = random.chance(4) ? shuffle(random, input, corpus) : input;
  // Mostly in the order that the core asks for, or it would see the first frame only.
  return random.chance(5) ? shuffled : shuffled.map((bytes, index) => numbered(bytes, index + 1));
}

/** The frame under another seq, where it can be taken apart and has one. */
function numbered(bytes: Uint8Array, seq: number): Uint8Array {
  const fields = parse(bytes);
  if (fields === undefined || !isFaithful(bytes, fields)) return bytes;
  const at = fields.findIndex(({ number, wireType }) => number === 1 && wireType === 0);
  return at < 0 ? bytes : build(fields.with(at, wireField(1, 0, BigInt(seq))));
}

function isFaithful(bytes: Uint8Array, fields: readonly WireField[]): boolean {
  return Buffer.compare(build(fields), bytes) === 0;
}

const framing: PrefixFraming = {
  kind: 'prefix',
  name: 'fuzzed',
  prefixSize: () => 4,
  writePrefix(out, position, frameLength) {
    new DataView(out.buffer, out.byteOffset).setUint32(position, frameLength);
    return position + 4;
  },
};

/** A lane in memory that keeps what it was handed. */
class MemoryLane {
  readonly writes: Uint8Array[] = [];
  end: LaneEnd | undefined;
  readonly #events: LaneEvents;
  readonly #outbox: Uint8Array[] = [];
  #isBlocked = false;
  #isGone = false;

  constructor(open: OpenLane) {
    const lane: Lane = {
      transport: 'grpc',
      framing,
      peer: { address: '127.0.0.1', userAgent: '', bearerToken: '' },
      isFlushed: true,
      write: (bytes) => {
        this.writes.push(bytes.slice());
        return true;
      },
      resume: () => {
        this.#isBlocked = false;
        this.#flush();
      },
      end: (end) => {
        this.end ??= end;
      },
    };
    this.#events = open(lane);
  }

  send(bytes: Uint8Array): void {
    this.#outbox.push(bytes);
    this.#flush();
  }

  drop(): void {
    if (this.#isGone || this.end !== undefined) return;
    this.#isGone = true;
    this.#events.closed('dropped');
  }

  /** The frames since the last call. */
  take(): Uint8Array[] {
    return this.writes.splice(0).flatMap((bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const frames: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = at + 4 + view.getUint32(at);
        frames.push(bytes.subarray(at + 4, end));
        at = end;
      }
      return frames;
    });
  }

  #flush(): void {
    while (!this.#isBlocked && !this.#isGone && this.end === undefined) {
      const bytes = this.#outbox.shift();
      if (bytes === undefined) return;
      this.#isBlocked = true;
      const copy = bytes.slice();
      if (this.#events.frame(copy)) this.#isBlocked = false;
      // As a read buffer would be that is used again.
      copy.fill(0xff);
    }
  }
}

/** A room with a member who listens, and one who says what a fuzzer made up. */
class FuzzedCore {
  readonly #node: TestNode;
  readonly #listener: MemoryLane;
  readonly #listenerId: string;
  #logged = 0;
  #runs = 0;

  private constructor(node: TestNode, listener: MemoryLane, listenerId: string) {
    this.#node = node;
    this.#listener = listener;
    this.#listenerId = listenerId;
  }

  static async start(): Promise<FuzzedCore> {
    const node = await startTestNode({ limits: { pingIntervalMs: 1e9, resumeWindowMs: 1000, holdMs: 1000 } });
    const listener = new MemoryLane(node.node.open);
    await enter(node, listener, 'listener');
    const id = joinedAs(listener.take());
    return new FuzzedCore(node, listener, id);
  }

  async run(input: Input): Promise<Verdict> {
    const speaker = new MemoryLane(this.#node.node.open);
    await enter(this.#node, speaker, 'speaker');
    // The join took the first number.
    const sent = input.map((bytes, index) => addressed(bytes, this.#listenerId, index + 2));
    const id = joinedAs(speaker.take());
    this.#listener.take();
    for (const bytes of sent) speaker.send(bytes);
    await this.#node.settle();
    const heard = this.#listener.take();
    const verdict = this.#judge(sent, speaker, heard, id);
    speaker.drop();
    this.#runs += 1;
    const last = heard
      .map((bytes) => fromBinary(ServerFrameSchema, bytes).seq)
      .reduce((a, b) => Math.max(a, b), 0);
    if (last > 0) this.#listener.send(ackFrame(last));
    // The session of the speaker ends.
    if (this.#runs % 20 === 0) await this.#node.pass(2500);
    return verdict;
  }

  faults(): string[] {
    const logged = this.#node.errors.slice(this.#logged);
    this.#logged = this.#node.errors.length;
    return logged.map(
      ({ message, fields }) => `logged: ${message} ${JSON.stringify(fields)} ${stackOf(fields)}`,
    );
  }

  async check(): Promise<void> {
    await this.#node.pass(2500);
    if (this.#listener.end !== undefined)
      throw new Error(`the listener was ended: ${this.#listener.end.message}`);
  }

  async stop(): Promise<void> {
    this.#node.errors.length = 0;
    this.#listener.drop();
    await this.#node.pass(5000);
    const { sessions, connections } = this.#node.node.figures;
    if (sessions + connections > 0)
      throw new Error(`left behind: ${sessions} sessions, ${connections} connections`);
    await this.#node.stop();
  }

  #judge(
    sent: readonly Uint8Array[],
    speaker: MemoryLane,
    heard: readonly Uint8Array[],
    id: string,
  ): Verdict {
    if (speaker.end?.status === 'internal') return wrong(`ended as internal: ${speaker.end.message}`);
    const told = speaker.take().map((bytes) => fromBinary(ServerFrameSchema, bytes).body);
    let refusal = '';
    for (const body of told) {
      if (body.case !== 'error' && body.case !== 'closed') continue;
      const { reason } = body.value;
      if (!REASONS.has(reason) || reason === Reason.INTERNAL)
        return wrong(`${body.case} with reason ${enumName(Reason, reason)}`);
      refusal = enumName(Reason, reason);
    }
    let relayed = 0;
    for (const bytes of heard) {
      const { body, origin } = fromBinary(ServerFrameSchema, bytes);
      if (body.case !== 'signal' && body.case !== 'message') continue;
      // A total is the room's own word.
      if (body.case === 'message' && body.value.delivery === DeliveryClass.COUNTED) continue;
      if (origin?.sender !== id) return wrong(`relayed as of ${origin?.sender}, and ${id} sent it`);
      const record = recordOf(bytes);
      if (!sent.some((frame) => recordOf(frame)?.equals(record ?? Buffer.alloc(0)))) {
        return wrong(`relayed what nobody sent: ${record?.toString('hex')}`);
      }
      relayed += 1;
    }
    if (relayed > 0) return { kind: 'accepted, relayed' };
    return refusal === '' ? { kind: 'accepted' } : { kind: refusal };
  }
}

/** The record that is relayed, as it stands in a frame of either direction. */
function recordOf(frame: Uint8Array): Buffer | undefined {
  try {
    const field = fieldsOf(frame).find(({ number }) => RELAYED.includes(number));
    return field && Buffer.from(lengthField(field.number, field.content));
  } catch {
    return undefined;
  }
}

async function enter(node: TestNode, lane: MemoryLane, identity: string): Promise<void> {
  const token = Buffer.from(testToken({ identity }));
  lane.send(lengthField(16, lengthField(1, token)));
  await node.settle();
  lane.send(build([wireField(1, 0, 1n), wireField(17, 2, lengthField(1, ROOM))]));
  await node.settle();
}

function joinedAs(frames: readonly Uint8Array[]): string {
  for (const bytes of frames) {
    const { body } = fromBinary(ServerFrameSchema, bytes);
    if (body.case === 'joined') return body.value.participant?.id ?? '';
  }
  throw new Error('the room did not let somebody in');
}

function ackFrame(seq: number): Uint8Array {
  return build([wireField(2, 0, BigInt(seq))]);
}

/** Puts the listener in for the corpus's recipient, and the next seq for one that was numbered from 1. */
function addressed(bytes: Uint8Array, listener: string, seq: number): Uint8Array {
  const fields = parse(bytes);
  if (fields === undefined || !isFaithful(bytes, fields)) return bytes;
  const visit = (list: readonly WireField[]): void => {
    for (const field of list) {
      if (Array.isArray(field.value)) visit(field.value);
      else if (field.value instanceof Uint8Array && Buffer.from(field.value).toString() === SOMEBODY) {
        field.value = Buffer.from(listener);
      }
    }
  };
  visit(fields);
  const numberField = fields.find(({ number, value }) => number === 1 && value === BigInt(seq - 1));
  if (numberField !== undefined) numberField.value = BigInt(seq);
  return build(fields);
}

function stackOf(fields: object): string {
  return 'err' in fields && fields.err instanceof Error ? (fields.err.stack ?? '') : '';
}
