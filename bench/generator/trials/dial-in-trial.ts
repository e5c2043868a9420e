import type { Measurement } from '../../metrics.ts';
import type { Work } from '../../scenarios/scenario.ts';
import type { Crew } from '../crew.ts';
import type { DialPeer } from '../dial-in/dial-peer.ts';
import { openPeer } from '../dial-in/open-peer.ts';
import { countRoundTrips } from '../dial-in/round-trips.ts';
import type { Target } from '../job.ts';
import { Meter } from '../meter.ts';
import { openMany } from '../open-clients.ts';
import { measurementOf, type Round, type Trial } from './trial.ts';

type DialIn = Extract<Work, { kind: 'dial-in' }>;

const room = 'hub';
/** An offer and its answer. */
const relayedMessages = 2;

/** Each round opens connections, then dials in on all of them, some at a time, to a hub that stays. */
export class DialInTrial implements Trial {
  readonly #target: Target;
  readonly #crew: Crew;
  readonly #load: DialIn;
  readonly #connections: number;

  constructor(target: Target, crew: Crew, load: DialIn, connections: number) {
    this.#target = target;
    this.#crew = crew;
    this.#load = load;
    this.#connections = connections;
  }

  async prepare(): Promise<void> {
    const [hub] = this.#crew.add([await openPeer(this.#target, this.#connections, 'hub')]);
    await this.#crew.guard(hub!.serve(room));
  }

  measure(round: Round): Promise<Measurement> {
    return this.#crew.guard(this.#measure(round));
  }

  close(): Promise<void> {
    return this.#crew.close();
  }

  async #measure({ seed, rampMs }: Round): Promise<Measurement> {
    const begun = performance.now();
    while (performance.now() - begun < rampMs) await this.#openAndDial();
    const measurement = await this.#openAndDial();
    const round_trips = await countRoundTrips(this.#target, this.#crew, `far-${seed}`);
    return { ...measurement, round_trips };
  }

  async #openAndDial(): Promise<Measurement> {
    const unconnected = this.#crew.read();
    const guests = this.#crew.add(
      await openMany(this.#connections, (index) => openPeer(this.#target, index, 'guest')),
    );
    const before = this.#crew.read();
    const meter = new Meter();
    meter.turnOn();
    await this.#dialAll(guests, meter);
    const after = this.#crew.read();
    await Promise.all(guests.map((guest) => guest.leave()));
    await this.#crew.dismiss(guests);
    return {
      ...measurementOf(this.#target, before, after, meter),
      connect_cpu: (before.cpuMicros - unconnected.cpuMicros) / guests.length,
    };
  }

  async #dialAll(guests: readonly DialPeer[], meter: Meter): Promise<void> {
    let next = 0;
    const dial = async (): Promise<void> => {
      while (next < guests.length) {
        const count = next;
        next += 1;
        const begun = performance.now();
        await guests[count]!.dial(room, count);
        meter.timedUnit(performance.now() - begun);
        for (let message = 0; message < relayedMessages; message += 1) meter.message();
      }
    };
    await Promise.all(Array.from({ length: this.#load.together }, dial));
  }
}
