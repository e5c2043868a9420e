import { parseArgs } from 'node:util';
import type { Pace } from './harness/bench.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import type { Subject } from './subjects/subject.ts';
import { subjects } from './subjects/subjects.ts';

export const usage = `npm run bench -- [options]   server CPU of the gateway beside the classic server's

  --quick               short rounds: about a minute and a half instead of six
  --only <scenario>     one scenario; may be repeated: ${scenarios.map(({ name }) => name).join(', ')}
  --subject <subject>   one subject beside the classic server; may be repeated: ${subjects.map(({ name }) => name).join(', ')}
  --rounds <number>     measured rounds of each scenario
  --window <ms>         length of a measurement
  --ramp <ms>           load before each measurement, the warm-up included
  --connections <n>     clients, in pairs, whatever the scenario says
  --json <file>         writes the results there, as a JSON array
`;

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly subjects: readonly Subject[];
  readonly pace: Pace;
  readonly json: string | undefined;
  readonly help: boolean;
}

const full: Pace = { rounds: 7, warmUpMs: 2000, rampMs: 500, windowMs: 1500 };
const quick: Pace = { rounds: 5, warmUpMs: 2000, rampMs: 200, windowMs: 500 };

/** Reads the command line. Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[], reference: string): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean' },
      only: { type: 'string', multiple: true },
      subject: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      window: { type: 'string' },
      ramp: { type: 'string' },
      connections: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const pace = values.quick === true ? quick : full;
  const connections = whole('--connections', values.connections, 0);
  if (connections % 2 === 1) throw new Error('--connections: clients come in pairs');
  return {
    scenarios: named('scenario', scenarios, values.only).map((scenario) =>
      connections === 0 ? scenario : { ...scenario, connections },
    ),
    subjects: named('subject', subjects, values.subject && [reference, ...values.subject]),
    pace: {
      rounds: whole('--rounds', values.rounds, pace.rounds),
      warmUpMs: whole('--ramp', values.ramp, pace.warmUpMs),
      rampMs: whole('--ramp', values.ramp, pace.rampMs),
      windowMs: whole('--window', values.window, pace.windowMs),
    },
    json: values.json,
    help: values.help ?? false,
  };
}

function named<Item extends { readonly name: string }>(
  kind: string,
  items: readonly Item[],
  wanted: readonly string[] | undefined,
): readonly Item[] {
  if (wanted === undefined) return items;
  const unknown = wanted.find((name) => !items.some((item) => item.name === name));
  if (unknown === undefined) return items.filter(({ name }) => wanted.includes(name));
  throw new Error(`there is no ${kind} ${unknown}; there are ${items.map(({ name }) => name).join(', ')}`);
}

function whole(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`${option}: a whole number from 1, not ${text}`);
}
