import { expect, it } from 'vitest';
import { SignalboxError } from '../../src/client/index.ts';
import { HostTools } from '../../web/model/host-tools.ts';
import { entry } from '../client/mesh/fake-room.ts';
import { FakeRoom } from './fake-room.ts';
import { heard, settled } from './kit.ts';

const track = (id: string, source: 'camera' | 'microphone') => ({
  id,
  source,
  muted: false,
  name: '',
  streamId: '',
  encrypted: false,
});

it('tells who knocks, each once, and who waits', async () => {
  const room = new FakeRoom();
  const tools = new HostTools(room.room);
  const knocked = heard(tools.knocked);
  const knock = (id: string) => {
    room.lobby.set(id, { id, participant: { ...entry(id, 2), name: id.toUpperCase() }, knock: 'it is me' });
    room.emit('lobby', room.lobby);
  };
  knock('bo');
  await settled();
  knock('cy');
  await settled();
  expect(knocked).toEqual([
    { id: 'bo', name: 'BO', knock: 'it is me' },
    { id: 'cy', name: 'CY', knock: 'it is me' },
  ]);
  room.lobby.delete('bo');
  room.emit('lobby', room.lobby);
  await settled();
  expect(tools.state.value.waiting.map(({ id }) => id)).toEqual(['cy']);
  expect(knocked).toHaveLength(2);
});

it('does what is asked, and says what the gateway said', async () => {
  const room = new FakeRoom();
  const tools = new HostTools(room.room);
  const bo = { ...entry('bo', 2), tracks: [track('c', 'camera'), track('m', 'microphone')] };
  room.participants.set('bo', bo);
  room.participants.set('cy', entry('cy', 3));
  const done = await Promise.all([
    tools.admit('bo'),
    tools.deny('bo'),
    tools.remove('bo'),
    tools.lowerHand('bo'),
    tools.requestMute('bo'),
    tools.requestMute('cy'),
    tools.setLocked(true),
    tools.setLocked(false),
    tools.end(),
  ]);
  expect(done.every(({ ok }) => ok)).toBe(true);
  expect(room.actions).toEqual([
    'admit bo',
    'deny bo',
    'remove bo',
    'lowerHand bo',
    'requestMute bo m',
    'lock',
    'unlock',
    'end',
  ]);
  room.refusal = new SignalboxError({ reason: 'denied', detail: '' });
  expect(await tools.remove('bo')).toEqual({ ok: false, reason: 'denied' });
});

it('raises and lowers the own hand, and lists all in the order of raising', async () => {
  const room = new FakeRoom();
  const tools = new HostTools(room.room);
  await tools.raiseHand(true);
  await tools.lowerHand('me');
  expect(room.updates).toEqual([{ handRaised: true }, { handRaised: false }]);
  room.self = { ...room.self, handRaisedAt: new Date(200) };
  room.put({ ...entry('bo', 2), handRaisedAt: new Date(100) });
  await settled();
  expect(tools.state.value.hands.map(({ id }) => id)).toEqual(['bo', 'me']);
  expect(tools.state.value.handRaised).toBe(true);
});

it('shows what the room is, and whether these tools are one’s own', async () => {
  const room = new FakeRoom();
  const tools = new HostTools(room.room);
  expect(tools.state.value).toMatchObject({ moderator: false, locked: false, lobby: false });
  room.info = { ...room.info, locked: true, lobby: true };
  room.self = { ...room.self, permissions: { ...room.self.permissions, moderate: true } };
  room.emit('roomChanged', room.info);
  await settled();
  expect(tools.state.value).toMatchObject({ moderator: true, locked: true, lobby: true });
  tools.close();
  room.info = { ...room.info, locked: false };
  room.emit('roomChanged', room.info);
  await settled();
  expect(tools.state.value.locked).toBe(true);
});

it('passes on what a moderator asks, by the name of that one', () => {
  const room = new FakeRoom();
  const tools = new HostTools(room.room);
  const asked = heard(tools.asked);
  room.self = { ...room.self, tracks: [track('c', 'camera'), track('m', 'microphone')] };
  room.participants.set('bo', { ...entry('bo', 2), name: 'Bo' });
  const notice = { moderator: 'bo', argument: '', note: '' };
  room.emit('moderation', { ...notice, action: 'mute', trackIds: ['m'] });
  room.emit('moderation', { ...notice, action: 'ask_unmute', trackIds: [], moderator: '' });
  room.emit('moderation', { ...notice, action: 'lock', trackIds: [] });
  expect(asked).toEqual([
    { ask: 'mute', sources: ['microphone'], by: 'Bo' },
    { ask: 'unmute', sources: [], by: '' },
  ]);
});
