import { expect, it } from 'vitest';
import type { PeerStats } from '../../src/client/index.ts';
import { CallDetails, reportJson } from '../../web/model/call-details.ts';
import { entry } from '../client/mesh/fake-room.ts';
import { FakePeers, FakeRoom } from './fake-room.ts';

const VIDEO = { trackId: 'c', source: 'camera', kind: 'video', codec: 'video/VP8' } as const;

function stats(seconds: number, change: Partial<PeerStats> = {}): PeerStats {
  return {
    state: 'connected',
    rttMs: 31.6,
    localCandidateType: 'host',
    remoteCandidateType: 'srflx',
    protocol: 'udp',
    bytesSent: 10_000 * seconds,
    bytesReceived: 125_000 * seconds,
    inbound: [
      {
        ...VIDEO,
        bytesReceived: 100_000 * seconds,
        packetsReceived: 95 * seconds,
        packetsLost: 5 * seconds,
        framesDecoded: 25 * seconds,
        frameWidth: 640,
        frameHeight: 360,
        framesPerSecond: 24.7,
        jitter: 0.0123,
      },
    ],
    outbound: [{ ...VIDEO, bytesSent: 9_000 * seconds, packetsSent: 100 * seconds, packetsLost: seconds }],
    report: new Map([
      ['t', { type: 'transport', selectedCandidatePairId: 'p' }],
      ['p', { type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r' }],
      ['l', { address: '192.0.2.1', port: 5000 }],
      ['r', { address: '2001:db8::1', port: 6000 }],
    ]),
    ...change,
  };
}

function details() {
  const room = new FakeRoom();
  const mesh = new FakePeers();
  mesh.meet({ ...entry('bo', 2), name: 'Bo' });
  const clock = { now: 0 };
  const samples: PeerStats[] = [];
  const sampled = { peers: mesh.mesh.peers, stats: async () => new Map([['bo', samples.shift()!]]) };
  const call = new CallDetails(room.room, sampled, { userAgent: 'test', now: () => clock.now });
  const sample = async (after: number, next: PeerStats) => {
    clock.now += after;
    samples.push(next);
    return call.sample();
  };
  return { room, sample };
}

it('tells rates from one sample to the next, and none in the first', async () => {
  const { sample } = details();
  const first = await sample(0, stats(1));
  expect(first.peers[0]).toMatchObject({ id: 'bo', name: 'Bo', path: 'direct', rttMs: 32 });
  expect(first.peers[0]).not.toHaveProperty('receiveKbps');
  const { peers } = await sample(2_000, stats(3));
  expect(peers[0]).toMatchObject({ sendKbps: 80, receiveKbps: 1_000, lossPercent: 5 });
  expect(peers[0]?.incoming[0]).toEqual({
    trackId: 'c',
    source: 'camera',
    kind: 'video',
    codec: 'video/VP8',
    kbps: 800,
    lossPercent: 5,
    width: 640,
    height: 360,
    framesPerSecond: 25,
    jitterMs: 12,
    framesDecoded: 75,
  });
  expect(peers[0]?.outgoing[0]).toMatchObject({ kbps: 72, lossPercent: 1 });
});

it('begins anew with a new connection, and never shows less than nothing', async () => {
  const { sample } = details();
  await sample(0, stats(10));
  const { peers } = await sample(1_000, stats(1, { bytesSent: 999_999 }));
  expect(peers[0]).not.toHaveProperty('receiveKbps');
  expect(peers[0]).not.toHaveProperty('sendKbps');
  const late = stats(2, { inbound: [{ ...stats(2).inbound[0]!, packetsLost: 0 }] });
  expect((await sample(1_000, late)).peers[0]?.lossPercent).toBe(0);
});

it('calls a path relayed where either end has a relay, and none where none is chosen', async () => {
  const { sample } = details();
  const relayed = await sample(0, stats(1, { remoteCandidateType: 'relay' }));
  expect(relayed.peers[0]?.path).toBe('relayed');
  const none = await sample(1_000, stats(2, { localCandidateType: '', report: new Map() }));
  expect(none.peers[0]?.path).toBe(undefined);
});

it('is a report without addresses, unless they are asked for', async () => {
  const { room, sample } = details();
  room.session.state = { status: 'reconnecting', since: new Date(0), attempt: 1, reason: 'unreachable' };
  const report = await sample(0, stats(1));
  expect(reportJson(report)).not.toMatch(/192\.0\.2\.1|2001:db8/);
  expect(JSON.parse(reportJson(report))).toMatchObject({
    browser: 'test',
    signaling: { status: 'reconnecting' },
    room: { topology: 'mesh', participants: 1 },
    peers: [{ name: 'Bo', protocol: 'udp' }],
  });
  const addresses = { local: '192.0.2.1:5000', remote: '2001:db8::1:6000' };
  expect(JSON.parse(reportJson(report, { addresses: true })).peers[0].addresses).toEqual(addresses);
});
