import { Participant_State as State } from '../../gen/signalbox/v1/participant_pb.ts';
import { NegotiationControl_Action as Action } from '../../gen/signalbox/v1/signal_pb.ts';
import type { E2eGateway } from './e2e-gateway.ts';
import type { LaneClient } from './lane-client.ts';
import { type LaneKind, openLane } from './lane-clients.ts';

/** Two clients who talk to each other all the while, in a room that the rest of the test may enter. */
export class Bystanders {
  readonly room: string;
  readonly #left: LaneClient;
  readonly #right: LaneClient;
  readonly #ids: readonly [string, string];
  #rounds = 0;

  private constructor(
    room: string,
    clients: readonly [LaneClient, LaneClient],
    ids: readonly [string, string],
  ) {
    this.room = room;
    [this.#left, this.#right] = clients;
    this.#ids = ids;
  }

  static async start(
    gateway: E2eGateway,
    room: string,
    kinds: readonly [LaneKind, LaneKind],
  ): Promise<Bystanders> {
    const join = async (kind: LaneKind, identity: string) => {
      const client = await openLane(kind, { url: gateway.url, token: await gateway.token({ identity }) });
      await client.until('welcome');
      const { participant } = await client.join(room);
      return { client, id: participant?.id ?? '' };
    };
    const left = await join(kinds[0], 'left');
    const right = await join(kinds[1], 'right');
    return new Bystanders(room, [left.client, right.client], [left.id, right.id]);
  }

  /** Participant id of one of them, to be sent to. */
  get someone(): string {
    return this.#ids[0];
  }

  /** The client whose id is `someone`. */
  get listener(): LaneClient {
    return this.#left;
  }

  /** One signal each way. Throws where one does not come, comes out of order, or anything is wrong with the two. */
  async talk(): Promise<void> {
    this.#rounds += 1;
    const detail = `round ${this.#rounds}`;
    await this.#say(this.#left, this.#right, this.#ids, detail);
    await this.#say(this.#right, this.#left, [this.#ids[1], this.#ids[0]], detail);
  }

  /** Throws where either was told of an error, was seen away, or was ended. */
  check(): void {
    for (const client of [this.#left, this.#right]) {
      const wrong = client.frames.filter(({ body }) => {
        if (body.case !== 'rosterDelta') return ['error', 'closed', 'resync'].includes(body.case ?? '');
        const own = body.value.updated.filter(({ id }) => this.#ids.includes(id));
        return (
          own.some(({ state }) => state !== State.ACTIVE) ||
          body.value.left.some(({ id }) => this.#ids.includes(id))
        );
      });
      if (wrong.length > 0 || client.end !== undefined)
        throw new Error(`a bystander was disturbed: ${client.summary()}`);
    }
  }

  close(): void {
    for (const { transport } of [this.#left, this.#right]) transport.drop();
  }

  async #say(
    from: LaneClient,
    to: LaneClient,
    [sender, receiver]: readonly [string, string],
    detail: string,
  ): Promise<void> {
    const payload = { case: 'control' as const, value: { action: Action.REQUEST_OFFER, detail } };
    const senderSeq = from.send({ case: 'signal', value: { to: receiver, payload } });
    const frame = await to.untilFrame(
      ({ body, origin }) => body.case === 'signal' && origin?.sender === sender,
      `the bystander's ${detail}`,
    );
    const said = frame.body.case === 'signal' ? frame.body.value.payload.value : undefined;
    if (frame.origin?.senderSeq !== senderSeq || JSON.stringify(said).includes(`"${detail}"`) === false) {
      throw new Error(`bystanders heard ${JSON.stringify(said)} where "${detail}" was due`);
    }
  }
}
