import { expect, test } from 'vitest';
import { SparseMap } from '../../src/core/sparse-map.ts';
import { SparseSet } from '../../src/core/sparse-set.ts';

test('a sparse map is a map, and can be filled again after it was emptied', () => {
  const map = new SparseMap<string, number>();
  expect([...map, ...map.keys(), ...map.values()]).toEqual([]);
  expect(map.delete('a')).toBe(false);
  map.set('a', 1);
  map.set('b', 2);
  expect([map.size, map.get('a'), map.has('b'), map.get('c')]).toEqual([2, 1, true, undefined]);
  expect([...map]).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
  expect([map.delete('a'), map.delete('b'), map.size]).toEqual([true, true, 0]);
  map.set('c', 3);
  expect([...map.keys()]).toEqual(['c']);
  map.clear();
  expect(map.size).toBe(0);
});

test('all of a sparse map may be deleted on a walk through it', () => {
  const map = new SparseMap<number, number>();
  for (const key of [1, 2, 3]) map.set(key, key);
  for (const [key] of map) map.delete(key);
  expect(map.size).toBe(0);
});

test('a sparse map is a map with one entry, too', () => {
  const map = new SparseMap<string, number>();
  map.set('a', 1);
  map.set('a', 2);
  expect([map.size, map.get('a'), map.get('b'), map.has('a'), map.has('b')]).toEqual([
    1,
    2,
    undefined,
    true,
    false,
  ]);
  expect([[...map], [...map.keys()], [...map.values()]]).toEqual([[['a', 2]], ['a'], [2]]);
  expect(map.delete('b')).toBe(false);
  map.set('b', 3);
  expect([...map]).toEqual([
    ['a', 2],
    ['b', 3],
  ]);
  map.delete('a');
  map.set('b', 4);
  expect([...map]).toEqual([['b', 4]]);
  for (const [key] of map) map.delete(key);
  expect([map.size, map.has('b')]).toEqual([0, false]);
});

test('a sparse set holds each item once, in the order in which they came', () => {
  const set = new SparseSet<string>();
  for (const item of ['b', 'a', 'b']) set.add(item);
  expect([...set]).toEqual(['b', 'a']);
  set.delete('b');
  expect([...set]).toEqual(['a']);
  set.clear();
  expect([...set]).toEqual([]);
});
