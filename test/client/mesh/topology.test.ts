import { describe, expect, it } from 'vitest';
import type { Peer, PeerMesh } from '../../../src/client/index.ts';
import { MeshChannel } from '../../../src/client/mesh/mesh-channel.ts';
import { entry, FakeRoom } from './fake-room.ts';
import { meshOf, states, texts, until } from './kit.ts';

function ids(mesh: PeerMesh): string[] {
  return [...mesh.peers.keys()].sort();
}

describe('who is a peer', () => {
  it('is everybody in a mesh', async () => {
    const fake = new FakeRoom();
    const meshes = ['a', 'b', 'c', 'd'].map((id) => meshOf(fake.join(id).room, 'wrtc').mesh);
    await until('all with all', () =>
      meshes.every((mesh) => states(mesh).join() === 'connected,connected,connected'),
    );
    expect(meshes.map(ids)).toEqual([
      ['b', 'c', 'd'],
      ['a', 'c', 'd'],
      ['a', 'b', 'd'],
      ['a', 'b', 'c'],
    ]);
  });

  it('is the hub in a HUB room, and for the hub all others, whoever came first', async () => {
    const fake = new FakeRoom({ topology: 'hub' });
    const viewers = [fake.join('a'), fake.join('b')];
    const early = viewers.map((viewer) => meshOf(viewer.room, 'wrtc').mesh);
    const { mesh: hub } = meshOf(fake.join('hub', { permissions: { hub: true } }).room, 'wrtc');
    const late = fake.join('c');
    for (const viewer of [...viewers, late]) {
      viewer.hear(() => {
        viewer.hubId = 'hub';
        viewer.emit('hub', 'hub');
      });
    }
    const meshes = [...early, meshOf(late.room, 'wrtc').mesh];
    await until('all have the hub', () => meshes.every((mesh) => states(mesh).join() === 'connected'));
    expect(meshes.map(ids)).toEqual([['hub'], ['hub'], ['hub']]);
    await until('the hub has all', () => states(hub).join() === 'connected,connected,connected');
  });

  it('changes with the hub, and nobody waits for the old one', async () => {
    const fake = new FakeRoom({ topology: 'hub' });
    const [one, two] = [
      fake.join('one', { permissions: { hub: true } }),
      fake.join('two', { permissions: { hub: true } }),
    ];
    const [{ mesh: meshOne }, { mesh: meshTwo }] = [meshOf(one.room, 'wrtc'), meshOf(two.room, 'wrtc')];
    const viewer = fake.join('viewer');
    viewer.hubId = 'one';
    const { mesh } = meshOf(viewer.room, 'wrtc');
    await until('connected to one', () => states(mesh).join() === 'connected');
    viewer.hubId = 'two';
    viewer.emit('hub', 'two');
    await until('connected to two', () => ids(mesh).join() === 'two' && states(mesh).join() === 'connected');
    await until('one knows', () => states(meshOne).join() === 'closed');
    expect(ids(meshTwo)).toEqual(['viewer']);
  });

  it('may be somebody that the roster does not show', async () => {
    const fake = new FakeRoom();
    const a = fake.join('a');
    const recorder = fake.join('recorder');
    a.others.delete('recorder');
    a.sees = () => {};
    const { mesh } = meshOf(a.room, 'wrtc');
    const { mesh: hidden } = meshOf(recorder.room, 'wrtc');
    await until(
      'connected',
      () => states(mesh).join() === 'connected' && states(hidden).join() === 'connected',
    );
    expect(mesh.peers.get('recorder')?.participant.permissions.hidden).toBe(true);
  });

  it('is nobody that may not signal, or that the application does not want', async () => {
    const fake = new FakeRoom();
    const { mesh: mute } = meshOf(fake.join('mute', { permissions: { signal: false } }).room, 'wrtc');
    const { mesh: a } = meshOf(fake.join('a').room, 'wrtc', { connectTo: ({ id }) => id !== 'bot' });
    const { mesh: bot } = meshOf(fake.join('bot').room, 'wrtc');
    const { mesh: b } = meshOf(fake.join('b').room, 'wrtc');
    await until(
      'a and b',
      () => a.peers.get('b')?.state === 'connected' && b.peers.get('a')?.state === 'connected',
    );
    expect([ids(mute), ids(a), ids(b)]).toEqual([[], ['b'], ['a', 'bot']]);
    // Who is not wanted is told, and waits for nothing.
    await until('the bot is told', () => bot.peers.get('a')?.state === 'closed');
  });
});

describe('channels', () => {
  it('are told of where they were not asked for, and can answer', async () => {
    const fake = new FakeRoom();
    const [{ mesh: a }, { mesh: b }] = [
      meshOf(fake.join('a').room, 'wrtc'),
      meshOf(fake.join('b').room, 'wrtc'),
    ];
    b.on('channel', ({ channel, peer }) => {
      channel.on('message', () => channel.send(peer, `${channel.label} heard`));
    });
    const channel = a.channel('telemetry', { ordered: false, maxRetransmits: 0 });
    const heard = texts(channel);
    channel.on('open', () => channel.broadcast('1'));
    await until('a hears', () => heard.length === 1);
    expect(heard).toEqual(['telemetry heard']);
  });

  it('need no negotiation once connected, whichever side opens them', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    const [{ mesh: meshA }, { mesh: meshB }] = [meshOf(a.room, 'wrtc'), meshOf(b.room, 'wrtc')];
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
    const early = meshA.channel('early');
    await until('b has it', () => early.peers.length === 1);
    const [later, answer] = [meshB.channel('late'), meshA.channel('late')];
    await until('both have it', () => later.peers.length === 1 && answer.peers.length === 1);
    const descriptions = [...a.sent, ...b.sent].filter(({ payload }) => payload.kind === 'description');
    expect(descriptions).toHaveLength(2);
  });

  it('can be negotiated by the application', async () => {
    const fake = new FakeRoom();
    const [{ mesh: a }, { mesh: b }] = [
      meshOf(fake.join('a').room, 'wrtc'),
      meshOf(fake.join('b').room, 'werift'),
    ];
    const [one, two] = [
      a.channel('fixed', { negotiated: true, id: 7 }),
      b.channel('fixed', { negotiated: true, id: 7 }),
    ];
    const heard = texts(two);
    await until('open', () => one.peers.length === 1 && two.peers.length === 1);
    one.broadcast('seven');
    await until('b hears', () => heard.length === 1);
  });

  it('reach nobody before they are open, and close with their peer', async () => {
    const fake = new FakeRoom();
    const [{ mesh: a }, { mesh: b }] = [
      meshOf(fake.join('a').room, 'wrtc'),
      meshOf(fake.join('b').room, 'wrtc'),
    ];
    const channel = a.channel('x');
    expect(channel.broadcast('too early')).toBe(0);
    expect(channel.send('b', 'too early')).toBe(false);
    const closed: string[] = [];
    channel.on('close', (peer) => closed.push(peer.participant.id));
    await until('open', () => channel.peers.length === 1);
    b.close();
    await until('closed', () => closed.join() === 'b');
    expect(states(a)).toEqual(['closed']);
    expect(channel.broadcast('too late')).toBe(0);
  });
});

it('a channel tells once that it closed, also where it is on its way out before its peer is lost', () => {
  // A peer that closes its connection resets the channels, and tells so by a signal: which comes first is chance. Between the
  // two a channel is 'closing': open no more, and its own event has not come.
  const channel = new MeshChannel('x', {}, () => {});
  const told: string[] = [];
  channel.on('open', () => told.push('open'));
  channel.on('close', () => told.push('close'));
  const peer = { participant: entry('b', 1) } as unknown as Peer;
  const rtcChannel = Object.assign(new EventTarget(), { readyState: 'connecting', close() {} });
  channel.arrived(peer, rtcChannel as unknown as RTCDataChannel);
  const { onopen } = rtcChannel as unknown as RTCDataChannel;
  rtcChannel.readyState = 'open';
  onopen?.call(rtcChannel as unknown as RTCDataChannel, new Event('open'));
  rtcChannel.readyState = 'closing';
  channel.lost(peer);
  channel.lost(peer);
  expect(told).toEqual(['open', 'close']);
});

describe('a mesh', () => {
  it('tells the peers when it closes, and takes its tracks out of the roster', async () => {
    const fake = new FakeRoom();
    const member = fake.join('a');
    const { mesh: a } = meshOf(member.room, 'wrtc');
    const other = fake.join('b');
    const { mesh: b } = meshOf(other.room, 'wrtc');
    await until('connected', () => states(a).join() === 'connected' && states(b).join() === 'connected');
    a.close();
    await until('b knows', () => states(b).join() === 'closed');
    expect([a.peers.size, a.closed]).toEqual([0, true]);
    // What was closed on purpose is not opened again because signals were lost.
    const sent = other.sent.length;
    other.emit('resync', { cause: 'inbox', missedMessages: false, previousId: '' });
    other.emit('resync', { cause: 'rejoined', missedMessages: false, previousId: 'b0' });
    expect([states(b), other.sent.length]).toEqual([['closed'], sent]);
    expect(() => a.channel('x')).toThrow('closed');
  });

  it('takes new ICE servers into running connections', async () => {
    const fake = new FakeRoom();
    const member = fake.join('a');
    const { mesh: a } = meshOf(member.room, 'wrtc');
    const { mesh: b } = meshOf(fake.join('b').room, 'wrtc');
    await until('connected', () => states(a).join() === 'connected' && states(b).join() === 'connected');
    const iceServers = [{ urls: ['stun:stun.example.org:3478'] }];
    Object.assign(member.session, { iceServers });
    member.sessionEvents.emit('iceServers', { iceServers, expiresAt: undefined, restartIce: true });
    const urls = a.peers
      .get('b')
      ?.rtc?.getConfiguration()
      .iceServers?.map((server) => server.urls);
    expect(urls?.flat()).toEqual(['stun:stun.example.org:3478']);
    expect(states(a)).toEqual(['connected']);
  });

  it('reports each stage of the set-up once', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    meshOf(a.room, 'wrtc');
    const { mesh } = meshOf(b.room, 'wrtc');
    await until('data flows', () => b.reports.some(({ stage }) => stage === 'first_frame'));
    const stages = b.reports.map(({ stage }) => stage);
    expect(new Set(stages).size).toBe(stages.length);
    expect(stages.slice(0, 2)).toEqual(
      ['offer', 'candidate'].sort((x, y) => stages.indexOf(x as never) - stages.indexOf(y as never)),
    );
    expect([...stages].sort()).toEqual([
      'answer',
      'candidate',
      'dtls_connected',
      'first_frame',
      'ice_connected',
      'offer',
    ]);
    expect(new Set(b.reports.map(({ connectionId }) => connectionId))).toEqual(
      new Set([mesh.peers.get('a')?.connectionId]),
    );
  });
});
