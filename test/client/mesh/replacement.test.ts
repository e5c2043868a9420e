import { describe, expect, it } from 'vitest';
import type { Participant, Reason } from '../../../src/client/index.ts';
import type { FakeMembership } from './fake-room.ts';
import { entry, FakeRoom } from './fake-room.ts';
import { meshOf, states, texts, until } from './kit.ts';

/** Two that are connected, with an open channel. */
async function connectedPair(names = { a: {}, b: {} }) {
  const fake = new FakeRoom();
  const [a, b] = [fake.join('a', names.a), fake.join('b', names.b)];
  const [endA, endB] = [meshOf(a.room, 'wrtc'), meshOf(b.room, 'wrtc')];
  const [channelA, channelB] = [endA.mesh.channel('x'), endB.mesh.channel('x')];
  const [heardA, heardB] = [texts(channelA), texts(channelB)];
  await until('open', () => channelA.peers.length === 1 && channelB.peers.length === 1);
  const rtc = { a: endA.mesh.peers.get('b')?.rtc, b: endB.mesh.peers.get('a')?.rtc };
  return { fake, a, b, meshA: endA.mesh, meshB: endB.mesh, channelA, channelB, heardA, heardB, rtc };
}

/** The session of `member` was lost: it comes back as a successor, which `tell` makes known to the other. */
function comeBack(
  fake: FakeRoom,
  member: FakeMembership,
  tell: (other: FakeMembership, successor: Participant) => void,
): Participant {
  const { id, identity } = member.self;
  const successor = entry(`${id}2`, member.self.ordinal + 10, { identity, replaces: id });
  member.rejoinAs(successor);
  for (const other of fake.members.values()) if (other !== member) other.hear(() => tell(other, successor));
  return successor;
}

const orders = {
  'that joins before the old one leaves': (other: FakeMembership, successor: Participant) => {
    other.sees(successor);
    other.misses(successor.replaces, 'replaced', successor.id);
  },
  'that is announced by a departure': (other: FakeMembership, successor: Participant) => {
    other.misses(successor.replaces, 'replaced', successor.id);
    other.sees(successor);
  },
  'that comes after the old one was lost': (other: FakeMembership, successor: Participant) => {
    other.misses(successor.replaces, 'lease_expired', '');
    setTimeout(() => other.sees(successor), 100);
  },
};

describe('a connected RTCPeerConnection', () => {
  it.each(Object.entries(orders))('is kept with a successor %s', async (_name, tell) => {
    const { fake, a, meshA, meshB, channelA, heardA, heardB, channelB, rtc } = await connectedPair();
    comeBack(fake, a, tell);
    await until('b knows the successor', () => meshB.peers.has('a2') && !meshB.peers.has('a'));
    expect(meshB.peers.get('a2')?.rtc).toBe(rtc.b);
    expect(meshA.peers.get('b')?.rtc).toBe(rtc.a);
    channelA.broadcast('to b');
    channelB.send('a2', 'to a');
    await until('both hear', () => heardA.length === 1 && heardB.length === 1);
    // The roles of a connection stay with it, and it can still be negotiated, from both ends.
    meshA.peers.get('b')?.renegotiate();
    meshB.peers.get('a2')?.renegotiate();
    await until('negotiated', () => (meshA.peers.get('b')?.rtc?.currentLocalDescription ?? null) !== null);
    await until('stable', () => rtc.a?.signalingState === 'stable' && rtc.b?.signalingState === 'stable');
    expect([states(meshA), states(meshB)]).toEqual([['connected'], ['connected']]);
  });

  it('is kept when both sessions are lost at once', async () => {
    const { fake, a, b, meshA, meshB, channelA, heardB, rtc } = await connectedPair();
    const [a2, b2] = [
      entry('a2', 11, { identity: 'a', replaces: 'a' }),
      entry('b2', 12, { identity: 'b', replaces: 'b' }),
    ];
    // Each finds a room without the other first, as after a restart of the gateway.
    a.rejoinAs(a2);
    a.misses('b', 'unspecified', '');
    b.rejoinAs(b2);
    b.misses('a', 'unspecified', '');
    b.sees(a2);
    a.sees(b2);
    expect([...fake.members.keys()]).toEqual(['a2', 'b2']);
    expect(meshA.peers.get('b2')?.rtc).toBe(rtc.a);
    expect(meshB.peers.get('a2')?.rtc).toBe(rtc.b);
    channelA.broadcast('still here');
    await until('b hears', () => heardB.length === 1);
  });

  it('is not given to somebody of another identity', async () => {
    const { fake, a, b, meshB, rtc } = await connectedPair();
    fake.members.delete('a');
    const thief = entry('c', 20, { identity: 'c', replaces: 'a' });
    b.sees(thief);
    b.misses('a', 'left', 'c');
    expect(meshB.peers.has('a')).toBe(false);
    expect(meshB.peers.get('c')?.rtc).not.toBe(rtc.b);
    expect(rtc.b?.connectionState).toBe('closed');
    expect(a.closed).toBe(false);
  });

  it.each<Reason>(['lease_expired', 'idle', 'epoch_lost', 'unspecified'])(
    'outlives a departure by %s, and goes when its peer hangs up',
    async (reason) => {
      const { b, meshA, meshB, channelA, heardB, rtc } = await connectedPair();
      b.misses('a', reason, '');
      expect(meshB.peers.get('a')?.rtc).toBe(rtc.b);
      channelA.broadcast('still here');
      await until('b hears', () => heardB.length === 1);
      meshA.close();
      await until('a is gone', () => meshB.peers.size === 0);
    },
  );

  it.each<Reason>(['left', 'removed', 'banned', 'moved'])(
    'is closed by a departure by %s',
    async (reason) => {
      const { b, meshB, rtc } = await connectedPair();
      const seen: string[] = [];
      meshB.on('peerState', ({ state }) => seen.push(state));
      b.misses('a', reason, '');
      expect(meshB.peers.size).toBe(0);
      expect([seen, rtc.b?.connectionState]).toEqual([['closed'], 'closed']);
    },
  );

  it('is made anew where it was not connected', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    b.loses = () => true;
    const { mesh: meshA } = meshOf(a.room, 'wrtc');
    const { mesh: meshB } = meshOf(b.room, 'wrtc');
    await until('b offers', () => meshB.peers.get('a')?.rtc?.signalingState === 'have-local-offer');
    const before = meshB.peers.get('a')?.connectionId;
    b.loses = () => false;
    comeBack(fake, a, orders['that joins before the old one leaves']);
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
    expect(meshB.peers.get('a2')?.connectionId).not.toBe(before);
  });

  it('is replaced by one of a new nonce', async () => {
    const { b, meshA, meshB, channelA, channelB, rtc } = await connectedPair();
    // A reloaded page: the same participant as far as the roster tells, with a mesh of its own.
    const { mesh: reloaded } = meshOf(b.room, 'wrtc');
    const channel = reloaded.channel('x');
    await until('the new one is open', () => channel.peers.length === 1);
    expect(meshA.peers.get('b')?.rtc).not.toBe(rtc.a);
    expect(rtc.a?.connectionState).toBe('closed');
    await until('a is open', () => channelA.peers.length === 1);
    expect([meshB.closed, channelB.label]).toEqual([false, 'x']);
  });
});

describe('signals that were lost', () => {
  it('are made up for when the gateway says so to the sender or the receiver', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    b.loses = () => true;
    const { mesh: meshA } = meshOf(a.room, 'wrtc');
    const { mesh: meshB } = meshOf(b.room, 'wrtc');
    await until('b offers', () => meshB.peers.get('a')?.rtc?.signalingState === 'have-local-offer');
    b.loses = () => false;
    b.learns({ ...a.self, resyncs: 1 });
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
  });

  it('are asked for by one whose inbox lost some', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    b.loses = () => true;
    const { mesh: meshA } = meshOf(a.room, 'wrtc');
    const { mesh: meshB } = meshOf(b.room, 'wrtc');
    await until('b offers', () => meshB.peers.get('a')?.rtc?.signalingState === 'have-local-offer');
    b.loses = () => false;
    a.emit('resync', { cause: 'inbox', missedMessages: false, previousId: '' });
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
  });
});
