import { describe, expect, it } from 'vitest';
import type { Participant, Track } from '../../src/client/index.ts';
import type { PeerView } from '../../web/model/peer-view.ts';
import { Peers } from '../../web/model/peers.ts';
import { entry } from '../client/mesh/fake-room.ts';
import { FakeTrack } from './fake-media.ts';
import { FakePeers, FakeRoom } from './fake-room.ts';
import { heard, settled, values } from './kit.ts';

function call() {
  const room = new FakeRoom();
  const mesh = new FakePeers();
  const clock = { now: 1_000 };
  const begin = () => new Peers(room.room, mesh.mesh, { now: () => clock.now });
  return { room, mesh, clock, begin };
}

/** A participant that publishes these; muted ones begin with `-`. */
function publishing(id: string, sources: readonly string[], change: Partial<Participant> = {}): Participant {
  const tracks = sources.map((source) => ({
    id: source.replace('-', ''),
    source: source.replace('-', '') as Track['source'],
    muted: source.startsWith('-'),
    name: '',
    streamId: '',
    encrypted: false,
  }));
  const muted = (source: string) => !tracks.some((track) => track.source === source && !track.muted);
  return { ...entry(id, 2), tracks, muted, ...change };
}

const links = (peers: Peers) => peers.all.value.map(({ key, link }) => `${key} ${link.state}`);
const only = (peers: Peers): PeerView => peers.all.value[0]!;

describe('the others', () => {
  it('are connecting, connected, unstable since, and connected again', async () => {
    const { room, mesh, clock, begin } = call();
    room.put(entry('bo', 2));
    const peer = mesh.meet(entry('bo', 2));
    const peers = begin();
    expect(links(peers)).toEqual(['bo connecting']);
    peer.is('connected');
    await settled();
    expect(links(peers)).toEqual(['bo connected']);
    clock.now = 5_000;
    peer.is('interrupted');
    await settled();
    clock.now = 6_000;
    room.put({ ...entry('bo', 2), name: 'Bob' });
    await settled();
    expect(only(peers)).toMatchObject({ name: 'Bob', link: { state: 'unstable', since: 5_000 } });
    peer.is('connected');
    await settled();
    expect(links(peers)).toEqual(['bo connected']);
  });

  it('have a reason where there is no path, and whether a relay might help', async () => {
    const { room, mesh, begin } = call();
    room.put(entry('bo', 2));
    const peer = mesh.meet(entry('bo', 2));
    const peers = begin();
    peer.is('failed', 'no_path');
    await settled();
    expect(only(peers).link).toEqual({ state: 'failed', cause: 'no_path', relay: false });
    room.session.iceServers = [{ urls: ['stun:a.example.org', 'turns:a.example.org'] }];
    peer.is('failed', 'no_answer');
    await settled();
    expect(only(peers).link).toEqual({ state: 'failed', cause: 'no_answer', relay: true });
    peers.retry('bo');
    peers.retry('nobody');
    expect(peer.reconnects).toBe(1);
  });

  it('are away where their own signaling is lost, but in the call while the media go on', async () => {
    const { room, mesh, begin } = call();
    const away = { ...entry('bo', 2), state: 'away' as const };
    room.put(away);
    const peer = mesh.meet(away);
    const peers = begin();
    expect(links(peers)).toEqual(['bo away']);
    peer.is('connected');
    await settled();
    expect(links(peers)).toEqual(['bo connected']);
    peer.is('failed', 'lost');
    await settled();
    expect(links(peers)).toEqual(['bo failed']);
  });

  it('show what they send and what they muted', async () => {
    const { room, mesh, clock, begin } = call();
    const bo = publishing('bo', ['camera', '-microphone', 'screen', 'screen_audio']);
    room.put(bo);
    const peer = mesh.meet(bo);
    const peers = begin();
    expect(only(peers)).toMatchObject({ camera: undefined, cameraOn: false, microphone: 'muted' });
    const [camera, voice] = [new FakeTrack('video', 'c'), new FakeTrack('audio', 'm')];
    const [screen, sound] = [new FakeTrack('video', 's'), new FakeTrack('audio', 'a')];
    clock.now = 9_000;
    peer.sends('screen', screen);
    peer.sends('screen_audio', sound);
    await settled();
    expect(only(peers).voice).toBe(undefined);
    peer.sends('camera', camera);
    peer.sends('microphone', voice);
    await settled();
    expect(only(peers)).toMatchObject({
      camera,
      cameraOn: true,
      microphone: 'muted',
      voice,
      audio: [sound, voice],
    });
    expect(only(peers).screens).toEqual([{ key: 'bo/screen', track: screen, since: 9_000 }]);
    room.put(publishing('bo', ['-camera']));
    await settled();
    expect(only(peers)).toMatchObject({ cameraOn: false, microphone: 'none' });
  });

  it('share several screens, each under its own key', async () => {
    const { room, mesh, begin } = call();
    const bo = publishing('bo', ['screen']);
    room.put(bo);
    const peer = mesh.meet(bo);
    const peers = begin();
    peer.sends('screen', new FakeTrack('video', 's'), 'one');
    peer.sends('screen', new FakeTrack('video', 't'), 'two');
    await settled();
    expect(only(peers).screens.map(({ key }) => key)).toEqual(['bo/one', 'bo/two']);
  });

  it('are in the order of their coming', () => {
    const { room, begin } = call();
    room.put({ ...entry('cy', 3), joinedAt: new Date(300) });
    room.put({ ...entry('bo', 2), joinedAt: new Date(200) });
    expect(begin().all.value.map(({ key }) => key)).toEqual(['bo', 'cy']);
  });

  it('are told once for all that changes in one turn', async () => {
    const { room, mesh, begin } = call();
    const peers = begin();
    const seen = values(peers.all);
    room.put(entry('bo', 2));
    mesh.meet(entry('bo', 2)).is('connected');
    room.put(entry('cy', 3));
    await settled();
    expect(seen).toHaveLength(1);
    peers.close();
    room.put(entry('di', 4));
    await settled();
    expect(seen).toHaveLength(1);
  });
});

describe('joining and leaving', () => {
  it('is told of those who come after, and with the reason', async () => {
    const { room, begin } = call();
    room.put(entry('bo', 2));
    const peers = begin();
    const joined = heard(peers.joined);
    const left = heard(peers.left);
    room.put(entry('cy', 3));
    await settled();
    room.drop('cy', 'removed');
    await settled();
    expect(joined.map(({ key }) => key)).toEqual(['cy']);
    expect(left.map(({ view, reason }) => `${view.key} ${reason}`)).toEqual(['cy removed']);
  });

  it('is neither where somebody comes back under a new id', async () => {
    const { room, mesh, clock, begin } = call();
    const before = publishing('bo', ['screen'], { identity: 'bo', joinedAt: new Date(100) });
    room.put(before);
    const peer = mesh.meet(before);
    peer.sends('screen', new FakeTrack('video', 's'));
    const peers = begin();
    const told = [...heard(peers.joined), ...heard(peers.left)];
    const keys = [only(peers).key, only(peers).screens[0]?.key];
    clock.now = 60_000;
    const after = publishing('bo2', ['screen'], { identity: 'bo', joinedAt: new Date(60_000) });
    room.participants.set('bo2', after);
    peer.follow(after);
    room.drop('bo', 'replaced', 'bo2');
    await settled();
    expect(peers.all.value).toMatchObject([{ key: 'bo', id: 'bo2', since: 100 }]);
    expect([only(peers).key, only(peers).screens[0]?.key]).toEqual(keys);
    expect(told).toEqual([]);
  });

  it('is neither where there is no connection to follow', async () => {
    const { room, begin } = call();
    room.put({ ...entry('bo', 2), identity: 'bo' });
    const peers = begin();
    const told = [...heard(peers.joined), ...heard(peers.left)];
    room.participants.set('bo2', { ...entry('bo2', 3), identity: 'bo' });
    room.drop('bo', 'replaced', 'bo2');
    await settled();
    expect([peers.all.value.map(({ key, id }) => `${key} ${id}`), told]).toEqual([['bo bo2'], []]);
  });

  it('is neither where the successor comes later and says whom it replaces', async () => {
    const { room, mesh, begin } = call();
    room.put({ ...entry('bo', 2), identity: 'bo' });
    const peer = mesh.meet({ ...entry('bo', 2), identity: 'bo' });
    peer.is('connected');
    const peers = begin();
    const told = [...heard(peers.joined), ...heard(peers.left)];
    room.drop('bo', 'lease_expired');
    await settled();
    // Connected still: in the call still.
    expect(peers.all.value).toMatchObject([{ key: 'bo', listed: false, link: { state: 'connected' } }]);
    const after = { ...entry('bo2', 3), identity: 'bo', replaces: 'bo' };
    peer.follow(after);
    room.put(after);
    await settled();
    expect(peers.all.value).toMatchObject([{ key: 'bo', id: 'bo2', listed: true }]);
    expect(told).toEqual([]);
  });

  it('is not believed of one who claims the place of somebody else', async () => {
    const { room, begin } = call();
    room.put({ ...entry('bo', 2), identity: 'bo' });
    const peers = begin();
    room.put({ ...entry('eve', 3), identity: 'eve', replaces: 'bo' });
    room.drop('bo');
    await settled();
    expect(peers.all.value.map(({ key }) => key)).toEqual(['eve']);
  });

  it('ends when the connection of one who is gone from the roster ends', async () => {
    const { room, mesh, begin } = call();
    room.put(entry('bo', 2));
    const peer = mesh.meet(entry('bo', 2));
    peer.is('connected');
    const peers = begin();
    const left = heard(peers.left);
    room.drop('bo', 'lease_expired');
    await settled();
    expect(left).toEqual([]);
    mesh.peers.delete('bo');
    peer.is('closed');
    await settled();
    expect([peers.all.value, left.map(({ reason }) => reason)]).toEqual([[], ['lease_expired']]);
  });
});
