import { describe, expect, it } from 'vitest';
import { FakeRoom } from './fake-room.ts';
import { meshOf, states, texts, until } from './kit.ts';
import { pairs } from './stacks.ts';

const BYTES = Uint8Array.of(0, 1, 2, 254, 255);

describe.each(pairs)('%s joins, then %s', (first, second) => {
  it('connects with one offer of the later one, and carries text and bytes both ways', async () => {
    const fake = new FakeRoom();
    const a = fake.join('a');
    const { mesh: meshA, errors: errorsA } = meshOf(a.room, first);
    const b = fake.join('b');
    const { mesh: meshB, errors: errorsB } = meshOf(b.room, second);
    const [channelA, channelB] = [meshA.channel('chat'), meshB.channel('chat')];
    const [atA, atB] = [texts(channelA), texts(channelB)];
    await until('both channels are open', () => channelA.peers.length === 1 && channelB.peers.length === 1);
    expect(channelA.broadcast('from a')).toBe(1);
    expect(channelB.broadcast(BYTES)).toBe(1);
    await until('both heard', () => atA.length === 1 && atB.length === 1);
    expect(atB).toEqual(['from a']);
    expect(atA).toEqual([new TextDecoder().decode(BYTES)]);
    expect([states(meshA), states(meshB)]).toEqual([['connected'], ['connected']]);
    const offers = (sent: typeof a.sent) =>
      sent.filter(({ payload }) => payload.kind === 'description' && payload.type === 'offer');
    expect([offers(a.sent).length, offers(b.sent).length]).toEqual([0, 1]);
    expect([...errorsA, ...errorsB]).toEqual([]);
  });

  it('stays connected while both renegotiate at once, again and again', async () => {
    const fake = new FakeRoom({ delayMs: 10 });
    const { mesh: meshA, errors: errorsA } = meshOf(fake.join('a').room, first);
    const { mesh: meshB, errors: errorsB } = meshOf(fake.join('b').room, second);
    const [channelA, channelB] = [meshA.channel('chat'), meshB.channel('chat')];
    const [atA, atB] = [texts(channelA), texts(channelB)];
    await until('open', () => channelA.peers.length === 1 && channelB.peers.length === 1);
    for (let round = 1; round <= 10; round += 1) {
      for (const mesh of [meshA, meshB]) for (const peer of mesh.peers.values()) peer.renegotiate();
      channelA.broadcast(`a${round}`);
      channelB.broadcast(`b${round}`);
      await until(`round ${round}`, () => atA.length === round && atB.length === round);
      await until(
        'stable',
        () =>
          meshA.peers.get('b')?.rtc?.signalingState === 'stable' &&
          meshB.peers.get('a')?.rtc?.signalingState === 'stable',
      );
    }
    expect([states(meshA), states(meshB)]).toEqual([['connected'], ['connected']]);
    expect([...errorsA, ...errorsB]).toEqual([]);
  });
});
