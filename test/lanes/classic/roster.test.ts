import { expect, test } from 'vitest';
import { Roster } from '../../../src/lanes/classic/roster.ts';

const entry = (id: string, identity: string) => ({ id, identity });

test('an identity comes with its first participant and goes with its last', () => {
  const roster = new Roster('1.me.1');
  expect(roster.change([entry('2.a.1', 'ann')], [])).toEqual({ joined: ['ann'], left: [] });
  expect(roster.change([entry('3.b.1', 'ann')], ['2.a.1'])).toEqual({ joined: [], left: [] });
  expect(roster.change([], ['3.b.1'])).toEqual({ joined: [], left: ['ann'] });
});

test('the own participant is never listed', () => {
  const roster = new Roster('1.me.1');
  expect(roster.change([entry('1.me.1', 'me')], []).joined).toEqual([]);
});

test('a name means an identity first, then an id', () => {
  const roster = new Roster('1.me.1');
  roster.change([entry('2.a.1', 'ann'), entry('3.b.1', '2.a.1')], []);
  expect(roster.find('ann')).toBe('2.a.1');
  expect(roster.find('2.a.1')).toBe('3.b.1');
  expect(roster.find('3.b.1')).toBe('3.b.1');
  expect(roster.find('nobody')).toBeUndefined();
});

test('of two participants with one identity the one that spoke last is meant, else the newest', () => {
  const roster = new Roster('1.me.1');
  roster.change([entry('2.a.1', 'ann'), entry('3.b.1', 'ann')], []);
  expect(roster.find('ann')).toBe('3.b.1');
  roster.spoke('2.a.1');
  expect(roster.find('ann')).toBe('2.a.1');
  roster.change([], ['2.a.1']);
  expect(roster.find('ann')).toBe('3.b.1');
});

test('a snapshot in pages tells who is new with each page, and who is gone with the last', () => {
  const roster = new Roster('1.me.1');
  roster.change([entry('2.a.1', 'ann'), entry('3.b.1', 'bob')], []);
  expect(roster.snapshot([entry('4.c.1', 'cy')], false)).toEqual({ joined: ['cy'], left: [] });
  expect(roster.snapshot([entry('3.b.1', 'bob')], true)).toEqual({ joined: [], left: ['ann'] });
  expect(roster.identities).toEqual(['bob', 'cy']);
});
