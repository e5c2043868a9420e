import { parseArgs } from 'node:util';
import type { Pace } from './harness/pace.ts';
import { growth } from './scenarios/growth.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { scenarios } from './scenarios/scenarios.ts';
import type { Subject } from './subjects/subject.ts';
import { subjects } from './subjects/subjects.ts';

const all: readonly Scenario[] = [...scenarios, ...growth];

export const usage = `npm run bench -- [options]   the gateway beside what people use instead, in one run

  --quick               some scenarios, in short rounds: under two minutes instead of ten
  --growth              other scenarios: how the price of a message grows with sessions, room and message size; four minutes
  --only <scenario>     one scenario; may be repeated: ${all.map(({ name }) => name).join(', ')}
  --subject <subject>   one subject beside the classic server; may be repeated: ${subjects.map(({ name }) => name).join(', ')}
  --rounds <number>     measured rounds of each scenario
  --window <ms>         length of a measurement
  --ramp <ms>           load before each measurement, the warm-up included
  --settle <ms>         no load, before memory is read
  --connections <n>     clients, in pairs, whatever the scenario says
  --json <file>         writes the results there, as a JSON array
  --chart <file>        draws the ratios there, as SVG
  --profile <folder>    writes CPU profiles of the gateway there, one for each scenario and lane: slower, no results to quote
`;

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly subjects: readonly Subject[];
  readonly pace: Pace;
  readonly json: string | undefined;
  readonly chart: string | undefined;
  readonly profileFolder: string | undefined;
  readonly help: boolean;
}

const full: Pace = { rounds: 5, warmUpMs: 1000, rampMs: 200, windowMs: 650, settleMs: 1000 };
const quick: Pace = { rounds: 3, warmUpMs: 400, rampMs: 100, windowMs: 250, settleMs: 300 };

/** Reads the command line. Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[], reference: string): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean' },
      growth: { type: 'boolean' },
      only: { type: 'string', multiple: true },
      subject: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      window: { type: 'string' },
      ramp: { type: 'string' },
      settle: { type: 'string' },
      connections: { type: 'string' },
      json: { type: 'string' },
      chart: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const isQuick = values.quick === true;
  const pace = isQuick ? quick : full;
  const rounds = whole('--rounds', values.rounds);
  const connections = whole('--connections', values.connections);
  if (connections !== undefined && connections % 2 === 1)
    throw new Error('--connections: clients come in pairs');
  return {
    scenarios: chosen(values.only, values.growth ? growth : scenarios, isQuick).map((scenario) => ({
      ...scenario,
      ...(isQuick && scenario.quick !== undefined && { connections: scenario.quick }),
      ...(connections !== undefined && { connections }),
      ...(rounds !== undefined && { rounds }),
    })),
    subjects: named('subject', subjects, values.subject && [reference, ...values.subject]),
    pace: {
      rounds: rounds ?? pace.rounds,
      warmUpMs: whole('--ramp', values.ramp) ?? pace.warmUpMs,
      rampMs: whole('--ramp', values.ramp) ?? pace.rampMs,
      windowMs: whole('--window', values.window) ?? pace.windowMs,
      settleMs: whole('--settle', values.settle) ?? pace.settleMs,
    },
    json: values.json,
    chart: values.chart,
    profileFolder: values.profile,
    help: values.help ?? false,
  };
}

/** Those that were named; else all of some, or those of them that are quick. */
function chosen(
  only: readonly string[] | undefined,
  some: readonly Scenario[],
  isQuick: boolean,
): readonly Scenario[] {
  if (only !== undefined) return named('scenario', all, only);
  return isQuick ? some.filter((scenario) => scenario.quick !== undefined) : some;
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

function whole(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`${option}: a whole number from 1, not ${text}`);
}
