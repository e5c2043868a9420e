import { fromBinary } from '@bufbuild/protobuf';
import { ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { SessionDescription_Type as Type } from '../../../gen/signalbox/v1/signal_pb.ts';
import { Awaited } from '../awaited.ts';
import { connectionId, countOf, description, negotiationId } from '../payload.ts';
import type { Pipe } from '../pipe.ts';
import { SignalboxSession } from '../signalbox-session.ts';
import type { DialPeer } from './dial-peer.ts';

const signalTag = 0x1a;

/** Hello, Join and the offer leave in one flight: the gateway knows the hub that an empty recipient means. */
export class SignalboxPeer implements DialPeer {
  readonly #session: SignalboxSession;
  readonly #token: string;
  readonly #awaited = new Awaited();
  #room = '';
  #count = 0;

  constructor(name: string, pipe: Pipe, token: string) {
    this.#session = new SignalboxSession(name, pipe, true);
    this.#session.onBody = (bytes, start, end) => this.#take(bytes, start, end);
    this.#token = token;
  }

  get pipe(): Pipe {
    return this.#session.pipe;
  }

  get isSettled(): boolean {
    return this.#session.isSettled;
  }

  set onFault(fault: (error: Error) => void) {
    this.#session.onFault = fault;
  }

  async serve(room: string): Promise<void> {
    await this.#session.hello(this.#token);
    await this.#session.join(room, 'hub');
  }

  async dial(room: string, count: number): Promise<void> {
    this.#room = room;
    this.#count = count;
    const answered = this.#awaited.until('answer');
    const steps = [this.#session.hello(this.#token), this.#session.join(room), answered];
    this.#describe('', Type.OFFER, description('offer', count));
    await Promise.all(steps);
  }

  async leave(): Promise<void> {
    await this.#session.leave(this.#room);
  }

  acknowledge(): void {
    this.#session.acknowledge();
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  #take(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] !== signalTag) return false;
    const { body, origin } = fromBinary(ServerFrameSchema, bytes.subarray(start, end));
    const payload = body.case === 'signal' ? body.value.payload : undefined;
    const { sdp = '', sdpType } = payload?.case === 'description' ? payload.value : {};
    if (sdpType === Type.OFFER) this.#answer(origin?.sender ?? '', sdp);
    else if (countOf('answer', sdp) === this.#count) this.#awaited.tell('answer');
    else this.#session.fail('a wrong answer');
    return true;
  }

  #answer(to: string, offer: string): void {
    const count = countOf('offer', offer);
    if (count === undefined) this.#session.fail('a wrong offer');
    else this.#describe(to, Type.ANSWER, description('answer', count));
  }

  #describe(to: string, sdpType: Type, sdp: string): void {
    const payload = { case: 'description', value: { sdpType, sdp } } as const;
    this.#session.request({ case: 'signal', value: { to, connectionId, negotiationId, payload } });
  }
}
