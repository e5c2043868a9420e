import { expect, it } from 'vitest';
import { Playback } from '../../web/model/playback.ts';
import { values } from './kit.ts';

/** An element that the browser lets play, or not. */
class FakePlayer {
  error: DOMException | undefined;
  sink = '';
  plays = 0;

  async play(): Promise<void> {
    this.plays += 1;
    if (this.error !== undefined) throw this.error;
  }

  async setSinkId(id: string): Promise<void> {
    if (id === 'gone') throw new DOMException('no such device', 'NotFoundError');
    this.sink = id;
  }
}

const REFUSED = new DOMException('click first', 'NotAllowedError');

it('says once that the browser wants a click, and starts all with it', async () => {
  const playback = new Playback();
  const seen = values(playback.refused);
  const players = [new FakePlayer(), new FakePlayer()];
  for (const player of players) {
    player.error = REFUSED;
    await playback.play(player);
  }
  expect(seen).toEqual([true]);
  for (const player of players) player.error = undefined;
  await playback.playAll();
  expect(seen).toEqual([true, false]);
  expect(players.map(({ plays }) => plays)).toEqual([2, 2]);
});

it('does not mind an element that was interrupted or is gone', async () => {
  const playback = new Playback();
  const player = new FakePlayer();
  player.error = new DOMException('a new load', 'AbortError');
  await playback.play(player);
  expect(playback.refused.value).toBe(false);
  player.error = REFUSED;
  await playback.play(player);
  playback.remove(player);
  expect(playback.refused.value).toBe(false);
});

it('gives the chosen speaker to all, also to those that come later', async () => {
  const playback = new Playback();
  const [first, later] = [new FakePlayer(), new FakePlayer()];
  await playback.play(first);
  expect(await playback.setSpeaker('headset')).toBe(true);
  await playback.play(later);
  expect([first.sink, later.sink]).toEqual(['headset', 'headset']);
  expect(await playback.setSpeaker('gone')).toBe(false);
  const bare = new Playback();
  await bare.play({ play: async () => {} });
  expect(await bare.setSpeaker('headset')).toBe(false);
});
