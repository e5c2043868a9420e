import { fromBinary } from '@bufbuild/protobuf';
import { ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { seededRandom } from '../../../src/load/random.ts';
import { atRandomMoments } from '../random.ts';
import { record } from '../signalbox-client.ts';
import type { SignalboxSession } from '../signalbox-session.ts';
import type { Load, LoadRound } from './load.ts';

const room = 'likes';
const messageTag = 0x22;
const key = 'post-1';
const like = record({
  case: 'message',
  value: { room, delivery: DeliveryClass.COUNTED, messageType: 'like', key, count: 1n },
});

/** Somebody in the room, and the total that was last shown to it. */
class Fan {
  readonly session: SignalboxSession;
  total = 0;

  constructor(session: SignalboxSession) {
    this.session = session;
    session.onBody = (bytes, start, end) => {
      if (bytes[start] !== messageTag) return false;
      const { body, origin } = fromBinary(ServerFrameSchema, bytes.subarray(start, end));
      const total = Number(origin?.total);
      if (body.case !== 'message' || body.value.key !== key || total < this.total) {
        session.fail(`a wrong total: ${total} behind ${this.total}`);
      }
      this.total = total;
      return true;
    };
  }
}

/** All are in one room and like at random moments. In the end everybody must see the exact total. */
export class Likes implements Load {
  readonly #open: () => Promise<readonly SignalboxSession[]>;
  readonly #perSecond: number;
  #fans: readonly Fan[] = [];
  #running = false;
  #sent = 0;

  constructor(open: () => Promise<readonly SignalboxSession[]>, perSecond: number) {
    this.#open = open;
    this.#perSecond = perSecond;
  }

  async prepare(): Promise<void> {
    const sessions = await this.#open();
    this.#fans = sessions.map((session) => new Fan(session));
    await Promise.all(sessions.map((session) => session.join(room, 'count')));
  }

  start({ meter, seed }: LoadRound): void {
    this.#running = true;
    const random = seededRandom(seed);
    atRandomMoments({
      random,
      perSecond: this.#perSecond,
      isRunning: () => this.#running,
      act: () => {
        this.#fans[Math.floor(random() * this.#fans.length)]!.session.requestRecord(like, 0);
        this.#sent += 1;
        meter.unit();
      },
    });
  }

  stop(): void {
    this.#running = false;
  }

  get isDone(): boolean {
    return this.#fans.every(({ total }) => total === this.#sent);
  }

  get missing(): string {
    const totals = new Set(this.#fans.map(({ total }) => total));
    return `${this.#sent} likes were sent, the clients were shown ${[...totals].join(', ')}`;
  }
}
