import { describe, expect, it } from 'vitest';
import { RoomLog } from '../../../src/core/room/room-log.ts';

const limits = { roomEntries: 4, roomBytes: 1000, roomAgeMs: 1000, historyMessages: 3 };
const message = new Uint8Array(10);
const roster = new Uint8Array(5);

describe('RoomLog', () => {
  it('drops its front by count, by bytes and by age, but never its newest entry', () => {
    const log = new RoomLog(limits);
    for (let i = 0; i < 6; i += 1) log.append(roster, 0);
    expect([log.lo, log.hi]).toEqual([2, 6]);
    log.append(new Uint8Array(990), 0);
    expect([log.lo, log.hi]).toEqual([4, 7]);
    log.append(new Uint8Array(2000), 0);
    expect([log.lo, log.hi]).toEqual([7, 8]);
    log.append(roster, 500);
    log.expire(1600);
    expect([log.lo, log.hi]).toEqual([8, 9]);
    log.expire(1e9);
    expect(log.at(9)).toMatchObject({ offset: 9, frame: roster });
  });

  it('keeps the newest messages as history, whatever else is appended', () => {
    const log = new RoomLog(limits);
    for (let i = 0; i < 5; i += 1) {
      log.append(message, 0, 10);
      for (let j = 0; j < 10; j += 1) log.append(roster, 0);
    }
    expect(log.history(99).map(({ offset }) => offset)).toEqual([23, 34, 45]);
    expect(log.history(1).map(({ offset }) => offset)).toEqual([45]);
    expect(log.history(0)).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 20])(
    'hands a reader that is behind what it has not read of %i messages, or says that some are missing',
    (count) => {
      const log = new RoomLog(limits);
      for (let i = 0; i < count; i += 1) log.append(message, 0, 10);
      for (let since = 0; since <= count; since += 1) {
        const { messages, missed } = log.catchUp(since);
        const offsets = messages.map(({ offset }) => offset);
        const unread = Array.from({ length: count - since }, (_, i) => since + 1 + i);
        expect(offsets).toEqual(unread.slice(-3));
        expect(missed).toBe(unread.length > 3);
      }
    },
  );

  it('says of roster changes that no message is missing', () => {
    const log = new RoomLog(limits);
    log.append(message, 0, 10);
    for (let i = 0; i < 20; i += 1) log.append(roster, 0);
    expect(log.catchUp(1)).toEqual({ messages: [], missed: false });
  });
});
