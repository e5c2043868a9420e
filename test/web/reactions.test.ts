import { expect, it } from 'vitest';
import { Reactions } from '../../web/model/reactions.ts';
import { FakeRoom } from './fake-room.ts';
import { heard } from './kit.ts';

const total = (key: string, count: number) =>
  ({
    type: 'reaction',
    key,
    delivery: 'counted',
    content: undefined,
    total: count,
    sender: '',
    offset: 0,
  }) as const;

it('begins with the totals that the room has', () => {
  const room = new FakeRoom();
  room.retained.set('a', room.says(total('heart', 7)));
  room.retained.set('b', room.says({ type: 'topic', delivery: 'latest' }));
  expect([...new Reactions(room.room).totals.value]).toEqual([['heart', 7]]);
});

it('floats the own ones at once, and those of others as the totals grow', () => {
  const room = new FakeRoom();
  const reactions = new Reactions(room.room);
  const floats = heard(reactions.floats);
  reactions.send('heart');
  reactions.send('heart');
  expect(room.counts).toEqual(['reaction heart', 'reaction heart']);
  expect(floats).toEqual([
    { key: 'heart', count: 1, own: true },
    { key: 'heart', count: 1, own: true },
  ]);
  room.says(total('heart', 1));
  room.says(total('heart', 5));
  room.says(total('heart', 6));
  expect(floats.slice(2)).toEqual([
    { key: 'heart', count: 3, own: false },
    { key: 'heart', count: 1, own: false },
  ]);
  expect(reactions.totals.value.get('heart')).toBe(6);
});

it('floats nothing for a total that began anew, and goes on from it', () => {
  const room = new FakeRoom();
  const reactions = new Reactions(room.room);
  room.says(total('heart', 5));
  const floats = heard(reactions.floats);
  room.says(total('heart', 1));
  room.says(total('heart', 2));
  expect(floats).toEqual([{ key: 'heart', count: 1, own: false }]);
  reactions.close();
  room.closed = true;
  reactions.send('heart');
  room.says(total('heart', 3));
  expect([floats.length, room.counts]).toEqual([1, []]);
});
