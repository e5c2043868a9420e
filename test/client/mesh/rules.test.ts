import { afterEach, describe, expect, it, vi } from 'vitest';
import type { OutgoingSignal, SignalPayload } from '../../../src/client/index.ts';
import type { FakeMembership } from './fake-room.ts';
import { FakeRoom } from './fake-room.ts';
import { meshOf, states, texts, until } from './kit.ts';

/** The stacks work in real time, also where the timers of the mesh do not. */
const realTimeout = globalThis.setTimeout;

/** What a participant sent, in words. */
function words(member: FakeMembership): string[] {
  return member.sent.flatMap(({ payload }) => wordOf(payload) ?? []);
}

function wordOf(payload: SignalPayload): string | undefined {
  if (payload.kind === 'description') return payload.type;
  return payload.kind === 'control' ? payload.action : undefined;
}

function isOffer({ payload }: OutgoingSignal): boolean {
  return payload.kind === 'description' && payload.type === 'offer';
}

describe('the first offer', () => {
  afterEach(() => vi.useRealTimers());

  it('is asked for after 3 s, once, and made by the earlier one after another 3 s', async () => {
    vi.useFakeTimers();
    const fake = new FakeRoom();
    const a = fake.join('a');
    meshOf(a.room, 'wrtc');
    fake.join('b');
    await vi.advanceTimersByTimeAsync(2_900);
    expect(words(a)).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(words(a)).toEqual(['request_offer']);
    await vi.advanceTimersByTimeAsync(2_800);
    expect(words(a)).toEqual(['request_offer']);
    await vi.advanceTimersByTimeAsync(200);
    vi.useRealTimers();
    await until('a offers', () => words(a).length === 2);
    expect(words(a)).toEqual(['request_offer', 'offer']);
    const [request, offer] = a.sent;
    expect(offer?.connectionId).toBe(request?.connectionId);
    expect(offer?.connectionId).toMatch(/^main\.[0-9a-f]{12}$/);
  });

  it('is asked for at once by a page that was in the room before its reload', async () => {
    const fake = new FakeRoom();
    const a = fake.join('a');
    const b = fake.join('b');
    const { mesh: before } = meshOf(a.room, 'wrtc');
    const { mesh: meshB, errors } = meshOf(b.room, 'wrtc');
    await until('connected', () => states(meshB).join() === 'connected');
    const gone = before.peers.get('b')?.connectionId;
    // The page goes, and its mesh with it, without a word.
    a.loses = () => true;
    before.close();
    a.loses = () => false;
    a.restored = true;
    const { mesh: meshA } = meshOf(a.room, 'wrtc');
    const began = performance.now();
    await until('connected again', () => states(meshA).join() === 'connected');
    await until('b too', () => states(meshB).join() === 'connected');
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(meshB.peers.get('a')?.connectionId).toBe(meshA.peers.get('b')?.connectionId);
    expect(meshB.peers.get('a')?.connectionId).not.toBe(gone);
    expect(errors).toEqual([]);
  });

  it('is answered by one whose mesh was made too late to make it', async () => {
    vi.useFakeTimers();
    const fake = new FakeRoom();
    const a = fake.join('a');
    const { mesh: meshA, errors: errorsA } = meshOf(a.room, 'wrtc');
    const b = fake.join('b');
    await vi.advanceTimersByTimeAsync(6_100);
    vi.useRealTimers();
    await until('a offers', () => words(a).includes('offer'));
    const { mesh: meshB, errors: errorsB } = meshOf(b.room, 'wrtc');
    await until('connected', () => states(meshA).join() === 'connected');
    await until('connected', () => states(meshB).join() === 'connected');
    expect([...errorsA, ...errorsB]).toEqual([]);
  });

  it('is that of the later one where both make one and they meet', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const fake = new FakeRoom({ delayMs: 100 });
    const [a, b] = [fake.join('a'), fake.join('b')];
    await vi.advanceTimersByTimeAsync(200);
    const { mesh: meshA, errors: errorsA } = meshOf(a.room, 'wrtc');
    await vi.advanceTimersByTimeAsync(5_999);
    const { mesh: meshB, errors: errorsB } = meshOf(b.room, 'wrtc');
    await vi.advanceTimersByTimeAsync(1);
    // Nothing is delivered before both have offered.
    while (!words(a).includes('offer') || !words(b).includes('offer')) await new Promise(setImmediate);
    const [first] = b.sent.filter(isOffer);
    const connected = () => [states(meshA), states(meshB)].join() === 'connected,connected';
    for (let turn = 0; turn < 1_000 && !connected(); turn += 1) {
      await vi.advanceTimersByTimeAsync(5);
      await new Promise((resolve) => realTimeout(resolve, 5));
    }
    expect(connected()).toBe(true);
    expect(meshA.peers.get('b')?.connectionId).toBe(first?.connectionId);
    expect(meshB.peers.get('a')?.connectionId).toBe(first?.connectionId);
    expect([...errorsA, ...errorsB]).toEqual([]);
  });

  it('is made by the earlier one where the later can only answer', async () => {
    const fake = new FakeRoom();
    const a = fake.join('a');
    const { mesh: meshA } = meshOf(a.room, 'wrtc');
    const b = fake.join('b', { features: ['answer_only'] });
    const { mesh: meshB } = meshOf(b.room, 'wrtc');
    await until('connected', () => states(meshA).join() === 'connected');
    await until('connected', () => states(meshB).join() === 'connected');
    expect([words(a), words(b)]).toEqual([['offer'], ['answer']]);
  });
});

describe('a connection that failed', () => {
  it('says that nobody answered, and is made when it is asked for', async () => {
    vi.useFakeTimers();
    const fake = new FakeRoom();
    const a = fake.join('a');
    const b = fake.join('b');
    const { mesh: meshB } = meshOf(b.room, 'wrtc');
    await vi.advanceTimersByTimeAsync(31_000);
    const peer = meshB.peers.get('a');
    expect([peer?.state, peer?.failure]).toEqual(['failed', 'no_answer']);
    vi.useRealTimers();
    const given = peer?.connectionId;
    const { mesh: meshA } = meshOf(a.room, 'wrtc');
    peer?.reconnect();
    await until(
      'connected',
      () => states(meshB).join() === 'connected' && states(meshA).join() === 'connected',
    );
    expect(peer?.failure).toBe(undefined);
    expect(peer?.connectionId).not.toBe(given);
    const kept = peer?.connectionId;
    peer?.reconnect();
    expect(peer?.connectionId).toBe(kept);
  });
});

describe('a round', () => {
  it('is offered by the first offerer only, where neither can roll back', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a', { features: [] }), fake.join('b', { features: [] })];
    const { mesh: meshA } = meshOf(a.room, 'wrtc');
    const { mesh: meshB } = meshOf(b.room, 'wrtc');
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
    meshA.peers.get('b')?.renegotiate();
    await until('a asks and b offers', () => words(b).length === 2);
    expect(words(a)).toContain('request_offer');
    expect([words(a).includes('offer'), words(b)]).toEqual([false, ['offer', 'offer']]);
  });

  it('gives way by the earlier one where only that one can roll back', async () => {
    const fake = new FakeRoom({ delayMs: 20 });
    const [a, b] = [fake.join('a'), fake.join('b', { features: [] })];
    const { mesh: meshA, errors: errorsA } = meshOf(a.room, 'wrtc');
    const { mesh: meshB, errors: errorsB } = meshOf(b.room, 'wrtc');
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
    const peers = [meshA.peers.get('b'), meshB.peers.get('a')];
    for (const peer of peers) peer?.renegotiate();
    await until('a answers', () => words(a).filter((word) => word === 'answer').length === 2);
    await until('stable', () => peers.every((peer) => peer?.rtc?.signalingState === 'stable'));
    expect([words(a), words(b)]).toEqual([
      ['answer', 'offer', 'answer'],
      ['offer', 'offer'],
    ]);
    expect([...errorsA, ...errorsB]).toEqual([]);
  });

  it('rises, and one that is over changes nothing', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    const { mesh: meshA, errors } = meshOf(a.room, 'wrtc');
    const { mesh: meshB } = meshOf(b.room, 'wrtc');
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
    meshB.peers.get('a')?.renegotiate();
    await until('a answers again', () => words(a).length === 2);
    const offers = b.sent.filter(isOffer);
    expect(offers.map(({ negotiationId }) => negotiationId)).toEqual([1, 2]);
    const answers = words(a).length;
    await b.signal('a', offers[0]!);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(words(a)).toHaveLength(answers);
    // The newest one again: its answer may have been lost, so that it is said again.
    await b.signal('a', offers[1]!);
    await until('a answers again', () => words(a).length === answers + 1);
    expect([states(meshA), errors]).toEqual([['connected'], []]);
  });

  it('takes candidates that come before their description', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    const offers: (readonly [string, OutgoingSignal])[] = [];
    const send = b.signal.bind(b);
    b.signal = async (to, signal) => {
      if (!isOffer(signal)) return send(to, signal);
      offers.push([String(to), { ...signal, payload: withoutCandidates(signal.payload) }]);
      return { status: 'accepted' };
    };
    const { mesh: meshA, errors } = meshOf(a.room, 'wrtc');
    const { mesh: meshB } = meshOf(b.room, 'wrtc');
    await until('candidates are sent', () => b.sent.some(({ payload }) => payload.kind === 'candidates'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(states(meshA)).toEqual(['connecting']);
    for (const [to, offer] of offers) await send(to, offer);
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
    expect(errors).toEqual([]);
  });

  it('ends with REJECT and a reason where a description cannot be taken', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    const { mesh: meshA, errors } = meshOf(a.room, 'wrtc');
    await b.signal('a', {
      connectionId: 'main.bad',
      negotiationId: 1,
      payload: { kind: 'description', type: 'offer', sdp: 'v=0\r\nnonsense' },
    });
    await until('a refuses', () => words(a).includes('reject'));
    const refusal = a.sent.find(({ payload }) => wordOf(payload) === 'reject');
    expect(refusal).toMatchObject({ connectionId: 'main.bad', negotiationId: 1 });
    expect(errors).toHaveLength(1);
    expect(meshA.peers.get('b')?.state).not.toBe('connected');
  });

  it('of a purpose that the mesh does not have is refused', async () => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    meshOf(a.room, 'wrtc');
    await b.signal('a', {
      connectionId: 'sub.1',
      negotiationId: 1,
      payload: { kind: 'description', type: 'offer', sdp: 'v=0\r\n' },
    });
    await until('a refuses', () => a.sent.some(({ payload }) => payload.kind === 'control'));
    expect(a.sent[0]?.payload).toMatchObject({ action: 'reject', reason: 'unsupported' });
  });
});

describe('ICE restarts', () => {
  it.each([
    ['wrtc', 'wrtc'],
    ['wrtc', 'werift'],
    ['werift', 'wrtc'],
  ] as const)('are made by the first offerer, whom the other asks (%s, %s)', async (first, second) => {
    const fake = new FakeRoom();
    const [a, b] = [fake.join('a'), fake.join('b')];
    const { mesh: meshA, errors: errorsA } = meshOf(a.room, first);
    const { mesh: meshB, errors: errorsB } = meshOf(b.room, second);
    const [channelA, channelB] = [meshA.channel('x'), meshB.channel('x')];
    const heard = texts(channelB);
    await until('open', () => channelA.peers.length === 1 && channelB.peers.length === 1);
    meshA.peers.get('b')?.restartIce();
    await until('b offers again', () => b.sent.filter(isOffer).length === 2);
    expect(words(a)).toContain('request_ice_restart');
    const [before, after] = b.sent.filter(isOffer).map(({ payload }) => fragment(payload));
    expect(after).not.toBe(before);
    await until('a answers again', () => words(a).filter((word) => word === 'answer').length === 2);
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
    channelA.broadcast('still here');
    await until('b hears', () => heard.includes('still here'));
    expect([...errorsA, ...errorsB]).toEqual([]);
  });

  it('are not forgotten where their offer gave way to another', async () => {
    const fake = new FakeRoom({ delayMs: 20 });
    const [a, b] = [fake.join('a'), fake.join('b')];
    const { mesh: meshA, errors: errorsA } = meshOf(a.room, 'wrtc');
    const { mesh: meshB, errors: errorsB } = meshOf(b.room, 'wrtc');
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
    meshA.peers.get('b')?.renegotiate();
    meshB.peers.get('a')?.restartIce();
    const offers = () => b.sent.filter(isOffer).map(({ payload }) => fragment(payload));
    await until('b offers, gives way, and offers again', () => offers().length === 3);
    expect(words(b)).toEqual(['offer', 'offer', 'answer', 'offer']);
    expect(offers()[2]).not.toBe(offers()[0]);
    await until('stable', () => meshB.peers.get('a')?.rtc?.signalingState === 'stable');
    expect([...errorsA, ...errorsB]).toEqual([]);
  });

  it('are made by one side, once, where both are told that their relays are about to go', async () => {
    const fake = new FakeRoom({ delayMs: 20 });
    const [a, b] = [fake.join('a'), fake.join('b')];
    const { mesh: meshA, errors: errorsA } = meshOf(a.room, 'wrtc');
    const { mesh: meshB, errors: errorsB } = meshOf(b.room, 'wrtc');
    await until(
      'connected',
      () => states(meshA).join() === 'connected' && states(meshB).join() === 'connected',
    );
    for (const mesh of [meshA, meshB]) {
      for (const { rtc } of mesh.peers.values()) Object.assign(rtc ?? {}, { getStats: statsWith('relay') });
    }
    const change = { iceServers: [], expiresAt: undefined, restartIce: true };
    for (const member of [a, b]) member.sessionEvents.emit('iceServers', change);
    await until('a asks and answers', () => words(a).filter((word) => word === 'answer').length === 2);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(words(a).sort()).toEqual(['answer', 'answer', 'request_ice_restart']);
    expect(words(b)).toEqual(['offer', 'offer']);
    const [before, after] = b.sent.filter(isOffer).map(({ payload }) => fragment(payload));
    expect(after).not.toBe(before);
    expect([states(meshA), states(meshB)]).toEqual([['connected'], ['connected']]);
    // One whose peer was told only after it had answered asks again: it gathered with what is about to go.
    a.sessionEvents.emit('iceServers', change);
    await until('b offers again', () => words(b).length === 3);
    // The peer's relay is the peer's to renew.
    for (const { rtc } of meshB.peers.values()) Object.assign(rtc ?? {}, { getStats: statsWith('host') });
    b.sessionEvents.emit('iceServers', change);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(words(b)).toHaveLength(3);
    expect([...errorsA, ...errorsB]).toEqual([]);
  });

  it.each(['earlier', 'later'] as const)(
    'are a new connection where a stack has none, when the %s one asks',
    async (who) => {
      const fake = new FakeRoom();
      const [a, b] = [fake.join('a', { features: ['rollback'] }), fake.join('b')];
      const { mesh: meshA, errors: errorsA } = meshOf(a.room, 'werift');
      const { mesh: meshB, errors: errorsB } = meshOf(b.room, 'werift');
      const [channelA, channelB] = [meshA.channel('x'), meshB.channel('x')];
      const heard = texts(channelB);
      await until('open', () => channelA.peers.length === 1 && channelB.peers.length === 1);
      const before = meshA.peers.get('b')?.connectionId;
      if (who === 'earlier') meshA.peers.get('b')?.restartIce();
      else meshB.peers.get('a')?.restartIce();
      await until('another connection', () => {
        const [now, there] = [meshA.peers.get('b')?.connectionId, meshB.peers.get('a')?.connectionId];
        return now !== before && now === there && now !== '';
      });
      await until('a is connected', () => channelA.broadcast('here again') === 1);
      await until('b hears', () => heard.includes('here again'));
      expect([...errorsA, ...errorsB]).toEqual([]);
    },
  );
});

/** Of a connection to a relayed candidate of the peer. */
function statsWith(local: 'relay' | 'host'): () => Promise<Map<string, object>> {
  return async () =>
    new Map<string, object>([
      ['t', { type: 'transport', selectedCandidatePairId: 'p' }],
      ['p', { type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r' }],
      ['l', { candidateType: local }],
      ['r', { candidateType: 'relay' }],
    ]);
}

function fragment(payload: SignalPayload): string | undefined {
  return payload.kind === 'description' ? /a=ice-ufrag:(\S+)/.exec(payload.sdp)?.[1] : undefined;
}

function withoutCandidates(payload: SignalPayload): SignalPayload {
  if (payload.kind !== 'description') return payload;
  return { ...payload, sdp: payload.sdp.replace(/a=(candidate|end-of-candidates).*\r\n/g, '') };
}
