import { expect, it } from 'vitest';
import { SignalboxError } from '../../src/client/index.ts';
import { ChatLog } from '../../web/model/chat-log.ts';
import { FakeRoom } from './fake-room.ts';
import { heard, settled } from './kit.ts';

function chat(room = new FakeRoom()) {
  const log = new ChatLog(room.room, { now: () => 77_000 });
  const lines = () => log.lines.value.map(({ text, state }) => `${text}: ${state.is}`);
  return { room, log, lines };
}

const refusal = (reason: 'slow_consumer' | 'denied' | 'outcome_unknown', retryable = false) =>
  new SignalboxError({ reason, detail: '', retryable });

it('begins with what was said before, which is not news', () => {
  const room = new FakeRoom();
  room.history = [room.says({ content: 'one' }), room.says({ content: 'two', own: true, sender: 'me' })];
  const { log, lines } = chat(room);
  expect(lines()).toEqual(['one: sent', 'two: sent']);
  expect(log.lines.value.map(({ own }) => own)).toEqual([false, true]);
  expect(log.unread.value).toBe(0);
});

it('shows an own line at once, and once', async () => {
  const { room, log, lines } = chat();
  expect(log.send('  hi  ')).toBe(true);
  expect(log.send('   ')).toBe(false);
  expect(lines()).toEqual(['hi: pending']);
  const { key, at } = log.lines.value[0]!;
  expect(at).toEqual(new Date(77_000));
  room.says({ content: 'hi', own: true, sender: 'me', acceptedAt: new Date(78_000) });
  room.sends[0]!.sent.resolve({ offset: 1, acceptedAt: new Date(78_000) });
  await settled();
  expect(lines()).toEqual(['hi: sent']);
  expect(log.lines.value[0]).toMatchObject({ key, at: new Date(78_000), own: true });
});

it('stands in the order of the gateway, with what is not sent below', async () => {
  const { room, log, lines } = chat();
  log.send('mine');
  log.send('mine too');
  room.says({ content: 'theirs' });
  expect(lines()).toEqual(['theirs: sent', 'mine: pending', 'mine too: pending']);
  room.says({ content: 'mine', own: true, sender: 'me' });
  room.says({ content: 'more' });
  expect(lines()).toEqual(['theirs: sent', 'mine: sent', 'more: sent', 'mine too: pending']);
  room.sends[1]!.sent.resolve({ offset: undefined, acceptedAt: undefined });
  await settled();
  expect(lines().at(-1)).toBe('mine too: sent');
});

it('says why a line failed, and sends it again when it is asked to', async () => {
  const { room, log, lines } = chat();
  log.send('hi');
  room.sends[0]!.sent.reject(refusal('slow_consumer', true));
  await settled();
  const [line] = log.lines.value;
  expect(line?.state).toEqual({ is: 'failed', reason: 'slow_consumer', retryable: true });
  room.says({ content: 'meanwhile' });
  log.retry(line!.key);
  log.retry(line!.key);
  expect(lines()).toEqual(['meanwhile: sent', 'hi: pending']);
  expect(room.sends.map(({ text }) => text)).toEqual(['hi', 'hi']);
  room.sends[1]!.sent.reject(refusal('denied'));
  await settled();
  expect(log.lines.value.at(-1)?.state).toMatchObject({ reason: 'denied', retryable: false });
  log.discard(line!.key);
  expect(lines()).toEqual(['meanwhile: sent']);
});

it('knows a line of unknown outcome again when it comes after all', async () => {
  const { room, log, lines } = chat();
  room.self = { ...room.self, identity: 'me' };
  log.send('hi');
  room.sends[0]!.sent.reject(refusal('outcome_unknown'));
  await settled();
  expect(log.lines.value[0]?.state).toMatchObject({ is: 'failed', retryable: true });
  // In the history of the rejoin, under the participant id of before.
  room.says({ content: 'hi', sender: 'me before', identity: 'me' });
  expect(lines()).toEqual(['hi: sent']);
  expect(log.lines.value[0]?.own).toBe(true);
});

it('counts what is unread while it is closed', () => {
  const { room, log } = chat();
  const arrived = heard(log.arrived);
  room.says({ content: 'one' });
  room.says({ content: 'mine', own: true, sender: 'me' });
  expect([log.unread.value, arrived.length]).toEqual([1, 1]);
  log.setOpen(true);
  room.says({ content: 'two' });
  expect([log.unread.value, arrived.length]).toEqual([0, 2]);
  log.setOpen(false);
  room.says({ content: 'three' });
  expect(log.unread.value).toBe(1);
  log.close();
  room.says({ content: 'four' });
  expect(log.unread.value).toBe(1);
});

it('takes only texts of its own type, and each once', () => {
  const { room, log, lines } = chat();
  room.says({ type: 'reaction' });
  room.says({ content: new Uint8Array([1]) });
  const acceptedAt = new Date(5_000);
  room.says({ content: 'one', offset: 9, acceptedAt });
  room.says({ content: 'one', offset: 9, acceptedAt });
  expect(lines()).toEqual(['one: sent']);
  expect(log.lines.value[0]?.parts).toEqual([{ text: 'one' }]);
});

it('keeps the newest 500 lines', () => {
  const { room, log } = chat();
  for (let line = 1; line <= 510; line += 1) room.says({ content: `${line}` });
  expect([log.lines.value.length, log.lines.value[0]?.text]).toEqual([500, '11']);
});

it('says whether the token lets one write', () => {
  const { room, log } = chat();
  expect(log.allowed).toBe(true);
  const may = (permissions: object) => {
    room.self = { ...room.self, permissions: { ...room.self.permissions, ...permissions } };
    return log.allowed;
  };
  expect(may({ sendTypes: ['reaction'] })).toBe(false);
  expect(may({ sendTypes: [], deliveries: ['counted'] })).toBe(false);
  expect(may({ deliveries: [], muteMessages: true })).toBe(false);
});

it('keeps apart two messages that two gateways gave the same offset', () => {
  const { room, lines } = chat();
  room.says({ content: 'before', offset: 1, acceptedAt: new Date(5_000) });
  room.says({ content: 'after', offset: 1, acceptedAt: new Date(9_000) });
  expect(lines()).toEqual(['before: sent', 'after: sent']);
});
