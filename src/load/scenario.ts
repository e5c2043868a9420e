import { pickBelow, type Random } from './random.ts';

/** What is sent: signals to one participant, or messages to the room. */
export type Content = 'candidates' | 'offers' | 'messages' | 'lossy';

/** Bytes of the text in one, unless the user says otherwise: as browsers and people write them. */
export const usualBytes: Readonly<Record<Content, number>> = {
  candidates: 130,
  offers: 5_800,
  messages: 300,
  lossy: 100,
};

/** RoomSettings, as the schema's JSON has them. */
export interface RoomSettings {
  readonly topology?: 'TOPOLOGY_HUB';
  readonly presence?: 'PRESENCE_LISTED' | 'PRESENCE_COUNT';
}

/** Places in a room, from 0. */
export interface Turn {
  readonly from: number;
  /** Of a signal; a message goes to everybody. */
  readonly to: number;
}

/** Who says what to whom. */
export interface Scenario {
  readonly rooms: number;
  readonly participants: number;
  readonly rate: number;
  readonly content: Content;
  /** Of rooms that are made beforehand; undefined: joining makes them. */
  readonly settings?: RoomSettings;
  /** Nothing happens in a room without the one who has the first place: teacher, speaker or hub. */
  readonly led: boolean;
  readonly turn: (participants: number, random: Random) => Turn;
}

function anybody(participants: number, random: Random): Turn {
  const from = pickBelow(participants, random);
  return { from, to: (from + 1 + pickBelow(participants - 1, random)) % participants };
}

/** The first one and another, in both directions. */
function withTheFirst(participants: number, random: Random): Turn {
  const other = 1 + pickBelow(participants - 1, random);
  return random() < 0.5 ? { from: 0, to: other } : { from: other, to: 0 };
}

function fromTheFirst(participants: number, random: Random): Turn {
  return { from: 0, to: 1 + pickBelow(participants - 1, random) };
}

export const scenarios = {
  call: { rooms: 10, participants: 4, rate: 100, content: 'candidates', led: false, turn: anybody },
  class: { rooms: 2, participants: 30, rate: 20, content: 'messages', led: true, turn: withTheFirst },
  broadcast: {
    rooms: 1,
    participants: 500,
    rate: 5,
    content: 'messages',
    settings: { presence: 'PRESENCE_COUNT' },
    led: true,
    turn: fromTheFirst,
  },
  cameras: {
    rooms: 1,
    participants: 100,
    rate: 50,
    content: 'offers',
    settings: { topology: 'TOPOLOGY_HUB', presence: 'PRESENCE_LISTED' },
    led: true,
    turn: withTheFirst,
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;
