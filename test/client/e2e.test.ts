import { describe, expect, it } from 'vitest';
import type { IncomingSignal, Room, TransportName } from '../../src/client/index.ts';
import { next, startTestGateway } from './gateway-kit.ts';

const TRANSPORTS: readonly TransportName[] = ['grpc', 'websocket', 'connect-web'];

describe.each(TRANSPORTS)('a session over %s with the real gateway', (transport) => {
  it('joins a room and sees who is there, who comes and who goes', async () => {
    const gateway = await startTestGateway();
    const ada = await gateway.connect('ada', { transport });
    const bo = await gateway.connect('bo', { transport });
    expect(ada.state).toEqual({ status: 'connected', transport });
    const adaRoom = await ada.join('demo', { name: 'Ada', attributes: { seat: '1' } });
    expect(adaRoom.self).toMatchObject({ identity: 'ada', name: 'Ada', attributes: { seat: '1' } });
    const joined = next(adaRoom, 'joined');
    const boRoom = await bo.join('demo', { name: 'Bo' });
    expect([...boRoom.participants.values()].map(({ name }) => name)).toEqual(['Ada']);
    expect(await joined).toMatchObject({ identity: 'bo', name: 'Bo', state: 'active' });
    expect(adaRoom.count).toBe(2);
    const left = next(adaRoom, 'left');
    await boRoom.leave();
    expect(await left).toMatchObject({ id: boRoom.self.id, reason: 'left' });
    expect(adaRoom.participants.size).toBe(0);
    expect(boRoom.closed).toBe(true);
  });

  it('sends messages whose promise carries the offset that all see', async () => {
    const gateway = await startTestGateway();
    const [adaRoom, boRoom] = await both(gateway, transport);
    const received = next(boRoom, 'message');
    const sent = await adaRoom.send('chat', 'hello');
    expect(await received).toMatchObject({ type: 'chat', content: 'hello', identity: 'ada', own: false });
    expect((await received).offset).toBe(sent.offset);
    expect(sent.acceptedAt).toBeInstanceOf(Date);
    const bytes = next(boRoom, 'message', ({ type }) => type === 'blob');
    await adaRoom.send('blob', new Uint8Array([1, 2, 3]), { to: { participant: boRoom.self.id } });
    expect((await bytes).content).toEqual(new Uint8Array([1, 2, 3]));
  });

  it('keeps the newest value and the totals for those who join later', async () => {
    const gateway = await startTestGateway();
    const ada = await gateway.connect('ada', { transport });
    const adaRoom = await ada.join('demo');
    await adaRoom.send('chat', 'first');
    await adaRoom.send('slide', '7', { delivery: 'latest', key: 'page' });
    const total = next(adaRoom, 'message', ({ delivery }) => delivery === 'counted');
    for (let like = 0; like < 50; like += 1) adaRoom.addCount('like', 'heart');
    expect(await total).toMatchObject({ delivery: 'counted', type: 'like', key: 'heart', total: 50 });
    const bo = await gateway.connect('bo', { transport });
    const boRoom = await bo.join('demo', { history: 10 });
    expect(boRoom.retained.get('slide\npage')?.content).toBe('7');
    expect(boRoom.retained.get('like\nheart')?.total).toBe(50);
    expect(boRoom.history.map(({ content }) => content)).toEqual(['first']);
  });

  it('carries signals, and a receipt when the peer has processed one', async () => {
    const gateway = await startTestGateway();
    const [adaRoom, boRoom] = await both(gateway, transport);
    const to = adaRoom.participants.get(boRoom.self.id);
    expect(to).toBeDefined();
    if (to === undefined) return;
    const signal = {
      connectionId: 'main.x1',
      negotiationId: 1,
      payload: {
        kind: 'description' as const,
        type: 'offer' as const,
        sdp: 'v=0\r\n',
        media: [{ mid: '0', trackId: 't', source: 'screen' as const }],
      },
    };
    expect(await adaRoom.signal(to, signal)).toEqual({ status: 'accepted' });
    const receipt = adaRoom.signal(to, {
      ...signal,
      wantReceipt: true,
      payload: { kind: 'candidates', candidates: [{ candidate: 'a', sdpMid: '0' }], endOfCandidates: true },
    });
    // Nobody listened yet: what came is kept.
    const first = await new Promise<IncomingSignal>((resolve) => boRoom.once('signal', resolve));
    expect(first).toMatchObject({ sender: adaRoom.self.id, connectionId: 'main.x1', negotiationId: 1 });
    expect(first.payload).toEqual(signal.payload);
    expect(await receipt).toEqual({ status: 'delivered' });
  });

  it('rejects what the gateway refuses, with the reason, and goes on', async () => {
    const gateway = await startTestGateway();
    const ada = await gateway.connect('ada', { transport });
    const room = await ada.join('demo');
    const signal = {
      connectionId: 'c',
      negotiationId: 1,
      payload: { kind: 'control' as const, action: 'close' as const },
    };
    await expect(room.signal('1.nobody.1', signal)).rejects.toMatchObject({
      name: 'SignalboxError',
      reason: expect.stringMatching(/recipient/),
      next: 'resume',
    });
    await expect(room.send('chat', 'x'.repeat(20_000))).rejects.toMatchObject({ reason: 'too_large' });
    await expect(ada.join('bad\u0000name')).rejects.toMatchObject({ reason: 'malformed' });
    await expect(room.send('chat', 'still here')).resolves.toMatchObject({ offset: expect.any(Number) });
  });

  it('tells everybody of a change of the own entry', async () => {
    const gateway = await startTestGateway();
    const [adaRoom, boRoom] = await both(gateway, transport);
    const changed = next(boRoom, 'participantChanged');
    const track = {
      id: 'mic',
      source: 'microphone' as const,
      muted: true,
      name: '',
      streamId: '',
      encrypted: false,
    };
    await adaRoom.update({ tracks: [track], attributes: { mood: 'good' }, handRaised: true, name: 'Ada L.' });
    const ada = await changed;
    expect(ada).toMatchObject({
      id: adaRoom.self.id,
      name: 'Ada L.',
      attributes: { mood: 'good' },
      tracks: [track],
    });
    expect(ada.handRaisedAt).toBeInstanceOf(Date);
    expect(ada.muted('microphone')).toBe(true);
  });

  it('takes up its session after the connection was cut, and loses nothing', async () => {
    const gateway = await startTestGateway();
    const [adaRoom, boRoom, ada, bo] = await both(gateway, transport);
    const seen: unknown[] = [];
    boRoom.on('message', ({ content }) => seen.push(content));
    const [id, self] = [bo.id, boRoom.self.id];
    await bo.suspend(30_000);
    expect(bo.state.status).toBe('suspended');
    for (let n = 0; n < 5; n += 1) await adaRoom.send('chat', `${n}`);
    const waiting = boRoom.send('chat', 'from bo');
    await bo.resume();
    await waiting;
    expect(bo.id).toBe(id);
    expect(boRoom.self.id).toBe(self);
    expect(seen).toEqual(['0', '1', '2', '3', '4', 'from bo']);
    await ada.close();
    expect(ada.state).toMatchObject({ status: 'closed', next: 'stop' });
  });

  it('moderates, and is told of it', async () => {
    const gateway = await startTestGateway();
    const moderator = await gateway.connect('mod', {
      transport,
      claims: { permissions: { moderate: true } },
    });
    const modRoom = await moderator.join('demo');
    const bo = await gateway.connect('bo', { transport });
    const boRoom = await bo.join('demo');
    const notice = next(boRoom, 'moderation');
    await modRoom.moderate.requestMute(boRoom.self.id, [], { note: 'please' });
    expect(await notice).toMatchObject({ action: 'mute', moderator: modRoom.self.id, note: 'please' });
    await expect(boRoom.moderate.lock()).rejects.toMatchObject({ reason: 'denied' });
    const locked = next(boRoom, 'roomChanged');
    await modRoom.moderate.lock();
    expect((await locked).locked).toBe(true);
    const closed = next(boRoom, 'closed');
    await modRoom.moderate.remove(boRoom.self.id);
    expect(await closed).toMatchObject({ reason: 'removed' });
  });

  it('refuses a bad token at once, and says what to do', async () => {
    const gateway = await startTestGateway();
    const refused = gateway.connect('ada', { transport, token: 'not a token' });
    await expect(refused).rejects.toMatchObject({ reason: 'token_invalid', next: 'reauthenticate' });
  });

  it('joins in the round trip that connects', async () => {
    const gateway = await startTestGateway();
    const ada = await gateway.connect('ada', { transport, join: { room: 'demo', name: 'Early' } });
    const room = await ada.join('demo');
    expect(room.self.name).toBe('Early');
  });
});

async function both(gateway: Awaited<ReturnType<typeof startTestGateway>>, transport: TransportName) {
  const ada = await gateway.connect('ada', { transport });
  const bo = await gateway.connect('bo', { transport });
  const adaRoom: Room = await ada.join('demo', { name: 'Ada' });
  const boRoom: Room = await bo.join('demo', { name: 'Bo' });
  while (!adaRoom.participants.has(boRoom.self.id)) await next(adaRoom, 'joined');
  return [adaRoom, boRoom, ada, bo] as const;
}
