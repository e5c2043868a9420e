import { expect, test } from 'vitest';
import { expectedSeconds, roundsOf } from '../../bench/harness/pace.ts';
import { readOptions } from '../../bench/options.ts';

function expected(...args: string[]): number {
  const { scenarios, subjects, pace } = readOptions(args, 'classic');
  const names = subjects.map(({ name }) => name);
  return expectedSeconds(scenarios, names, pace);
}

test('the whole bench is meant to take less than ten minutes, its quick edition less than two', () => {
  expect(expected()).toBeLessThan(600);
  expect(expected('--quick')).toBeLessThan(120);
});

test('a quick edition leaves scenarios out, but not one that is asked for', () => {
  const names = (...args: string[]) => readOptions(args, 'classic').scenarios.map(({ name }) => name);
  expect(names('--quick')).not.toContain('idle-tls');
  expect(names('--quick', '--only', 'idle-tls')).toEqual(['idle-tls']);
});

test('the command line wins over what a scenario says', () => {
  const { scenarios, pace } = readOptions(
    ['--only', 'idle', '--connections', '20', '--rounds', '6'],
    'classic',
  );
  expect(scenarios[0]?.connections).toBe(20);
  expect(roundsOf(scenarios[0]!, pace)).toBe(6);
});

test('one subject is measured beside the classic server', () => {
  const { subjects } = readOptions(['--subject', 'socket-io'], 'classic');
  expect(subjects.map(({ name }) => name)).toEqual(['classic', 'socket-io']);
});

test('clients that are no pairs, and numbers that are none, are refused', () => {
  expect(() => readOptions(['--connections', '3'], 'classic')).toThrow('clients come in pairs');
  expect(() => readOptions(['--rounds', 'many'], 'classic')).toThrow('a whole number from 1, not many');
});

test('the scenarios of growth run when they are asked for, as a whole or one of them', () => {
  const names = (...args: string[]) => readOptions(args, 'classic').scenarios.map(({ name }) => name);
  expect(names().filter((name) => name.startsWith('grow-'))).toEqual([]);
  expect(names('--growth')).toContain('grow-sessions-8000');
  expect(names('--only', 'grow-size-5800')).toEqual(['grow-size-5800']);
  expect(expected('--growth')).toBeLessThan(300);
});
