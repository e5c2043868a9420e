import fc from 'fast-check';
import { expect, it } from 'vitest';
import { displayNameProblem } from '../../../src/core/text.ts';
import { tidyName, tidyRoom } from '../../../web/app/tidy.ts';

it('a name loses what the gateway does not take: control characters, and what turns the text around it', () => {
  expect(tidyName(' \u202eAda\u202c\tLovelace\n')).toBe('Ada Lovelace');
  expect(tidyName('\u2066Ada')).toBe('Ada');
  expect(tidyName('A\u030angstro\u0308m')).toBe('\u00c5ngstr\u00f6m');
  expect(tidyName('\u202e \u0007')).toBe('');
  expect([...tidyName('\u{1f600}'.repeat(70))]).toHaveLength(64);
});

it('a name stays as it was where nothing is wrong with it', () => {
  for (const name of [
    'Ada',
    '\u05e2\u05d3\u05d4 (1815)',
    '\u738b\u5c0f\u660e',
    'Zo\u00eb \u{1f469}\u200d\u{1f4bb}',
  ])
    expect(tidyName(name)).toBe(name);
});

it('every tidied name is one that the gateway takes', () => {
  const unit = fc.constantFrom(
    'a',
    ' ',
    '\t',
    '\u0000',
    '\u202e',
    '\u2066',
    '\u2069',
    '\ud800',
    'e',
    '\u0301',
    '\u1e9b\u0323',
    '\u{1f600}',
  );
  const typed = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(unit, { maxLength: 200 }).map((units) => units.join('')),
  );
  fc.assert(
    fc.property(typed, (text) => {
      expect(displayNameProblem(tidyName(text))).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
});

it('the name of a room is one line', () => {
  expect(tidyRoom('\tharbor\u0000festival ')).toBe('harbor festival');
});
