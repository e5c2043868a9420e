import fc from 'fast-check';
import { wirings } from './model-lane.ts';

/** How many clients there are at a time. */
export const places = 5;
/** `l` has a lobby. */
export const rooms = ['r', 's', 'l'] as const;

const who = fc.nat({ max: places - 1 });
const room = fc.constantFrom('r', 'r', 'r', 'r', 'r', 'r', 'r', 's', 'l');
const pick = fc.nat({ max: 7 });
const padding = fc.constantFrom(0, 0, 0, 150, 900);
const yes = (one: number, of: number) => fc.nat({ max: of - 1 }).map((n) => n < one);

function command<Kind extends string, Fields extends object>(
  weight: number,
  kind: Kind,
  fields: { [Field in keyof Fields]: fc.Arbitrary<Fields[Field]> },
) {
  const arbitrary = fc.record({ kind: fc.constant(kind), ...fields }) as fc.Arbitrary<
    { kind: Kind } & Fields
  >;
  return { weight, arbitrary };
}

/** What can happen. Clients and participants are given by number: what does not fit the moment does nothing. */
const kinds = [
  command(14, 'connect', {
    who,
    wiring: fc.constantFrom(...wirings),
    attempt: fc.constantFrom('next' as const, 'next' as const, 'same' as const, 'omitted' as const),
    closeFirst: yes(1, 2),
    losesWelcome: yes(1, 6),
    shortToken: yes(1, 6),
  }),
  command(7, 'drop', { who }),
  command(5, 'deafen', { who, room: fc.constantFrom(0, 300, 4000) }),
  command(4, 'hear', { who }),
  command(9, 'join', { who, room, history: fc.nat({ max: 4 }) }),
  command(3, 'leave', { who, room, graceMs: fc.constantFrom(0, 0, 400) }),
  command(22, 'signal', {
    who,
    to: pick,
    room,
    wantReceipt: yes(1, 2),
    padding,
    times: fc.constantFrom(1, 1, 1, 5),
  }),
  command(3, 'direct', { who, to: pick, room, padding }),
  command(8, 'say', { who, room, padding }),
  command(3, 'put', { who, room, key: fc.constantFrom('a', 'b') }),
  command(3, 'count', { who, room, by: fc.integer({ min: -3, max: 9 }) }),
  command(2, 'flash', { who, room }),
  command(3, 'will', { who, room, clear: yes(1, 4) }),
  command(9, 'ack', {
    who,
    how: fc.constantFrom('right' as const, 'right' as const, 'stale' as const, 'far' as const),
  }),
  command(2, 'loseAnswer', { who }),
  command(2, 'suspend', { who, holdMs: fc.constantFrom(1000, 8000, 60_000), back: yes(1, 3) }),
  command(2, 'refresh', { who, otherwise: yes(1, 4) }),
  command(3, 'moderate', {
    who,
    to: pick,
    room,
    action: fc.constantFrom('remove' as const, 'ban' as const, 'end' as const, 'lock' as const),
  }),
  command(2, 'manage', {
    to: pick,
    room,
    action: fc.constantFrom('remove' as const, 'liftBans' as const, 'end' as const, 'unlock' as const),
  }),
  command(2, 'door', { admits: yes(2, 3) }),
  command(1, 'revoke', { who }),
  command(3, 'rival', { who, attempt: fc.constantFrom(-1, 0, 1) }),
  command(2, 'thief', { who, how: fc.constantFrom('secret' as const, 'identity' as const) }),
  command(2, 'quit', { who }),
  command(2, 'restart', {}),
  command(8, 'pass', { ms: fc.constantFrom(120, 400, 1000, 2600, 6000) }),
  // How many steps, where they are taken one by one.
  command(18, 'tick', { steps: fc.nat({ max: 9 }) }),
] as const;

export type Command = (typeof kinds)[number]['arbitrary'] extends infer One
  ? One extends fc.Arbitrary<infer Value>
    ? Value
    : never
  : never;

export const commands: fc.Arbitrary<Command> = fc.oneof(
  ...(kinds as unknown as { weight: number; arbitrary: fc.Arbitrary<Command> }[]),
);

/** What a run is given beside its commands. Bounds are small, so that they are met. */
export interface Setting {
  readonly inboxFrames: number;
  readonly roomEntries: number;
  readonly gatherBytes: number;
  readonly rosterPage: number;
  /** So many clients are in the first room from the start. */
  readonly crowd: number;
  /** The gateway is ended with all its clients there, not after them. */
  readonly endsAtOnce: boolean;
}

export const settings: fc.Arbitrary<Setting> = fc.record({
  inboxFrames: fc.constantFrom(4, 8, 3),
  roomEntries: fc.constantFrom(64, 5),
  gatherBytes: fc.constantFrom(262_144, 300),
  rosterPage: fc.constantFrom(200, 200, 1),
  crowd: fc.constantFrom(places, 3, 2, 0),
  endsAtOnce: yes(1, 4),
});

/** So many commands at the most. */
export function sequences(maxLength: number): fc.Arbitrary<Command[]> {
  return fc.array(commands, { minLength: 1, maxLength, size: 'max' });
}
