import { expect, it } from 'vitest';
import { SignalboxError } from '../../src/client/index.ts';
import { Publisher } from '../../web/model/publisher.ts';
import { FakeTrack } from './fake-media.ts';
import { FakeMesh } from './fake-mesh.ts';
import { settled } from './kit.ts';

function publisher() {
  const mesh = new FakeMesh();
  const failed: string[] = [];
  return { mesh, failed, publisher: new Publisher(mesh, (key) => failed.push(key)) };
}

const audio = (label = 'a') => new FakeTrack('audio', label).track;

it('publishes, mutes, replaces and takes back, each only where it is due', async () => {
  const { mesh, publisher: lanes } = publisher();
  const [first, second] = [audio(), audio('b')];
  await lanes.want('m', { source: 'microphone', track: first, muted: false });
  await lanes.want('m', { source: 'microphone', track: first, muted: false });
  await lanes.want('m', { source: 'microphone', track: second, muted: false });
  await lanes.want('m', { source: 'microphone', track: second, muted: true });
  await lanes.want('m', undefined);
  expect(mesh.log).toEqual([
    'publish microphone',
    'replace microphone',
    'mute microphone',
    'unpublish microphone',
  ]);
});

it('never lets a muted replacement be heard, nor one before it is to be', async () => {
  const { mesh, publisher: lanes } = publisher();
  const [first, second] = [audio(), audio('b')];
  await lanes.want('m', { source: 'microphone', track: first, muted: false });
  await lanes.want('m', { source: 'microphone', track: second, muted: true });
  expect(mesh.log.slice(1)).toEqual(['mute microphone', 'replace microphone']);
  expect(second.enabled).toBe(false);
  const third = audio('c');
  await lanes.want('m', { source: 'microphone', track: third, muted: false });
  expect(mesh.log.slice(3)).toEqual(['replace microphone', 'unmute microphone']);
  expect(third.enabled).toBe(true);
});

it('publishes muted what is to be muted from the start', async () => {
  const { mesh, publisher: lanes } = publisher();
  const track = audio();
  await lanes.want('m', { source: 'microphone', track, muted: true });
  expect([mesh.log, track.enabled, mesh.of('microphone')?.muted]).toEqual([
    ['publish microphone'],
    false,
    true,
  ]);
});

it('goes straight to the newest wish when the gateway was away', async () => {
  const { mesh, publisher: lanes } = publisher();
  let back = () => {};
  mesh.told = new Promise((resolve) => {
    back = resolve;
  });
  const [first, second, third] = [audio(), audio('b'), audio('c')];
  const all = lanes.want('m', { source: 'microphone', track: first, muted: false });
  void lanes.want('m', { source: 'microphone', track: second, muted: false });
  void lanes.want('m', undefined);
  void lanes.want('m', { source: 'microphone', track: third, muted: true });
  back();
  await all;
  expect(mesh.log).toEqual(['publish microphone', 'mute microphone', 'replace microphone']);
  expect(mesh.of('microphone')?.track).toBe(third);
});

it('turns a camera off and on again for the peers while the gateway is away', async () => {
  const { mesh, publisher: lanes } = publisher();
  const [first, second] = [audio(), audio('b')];
  await lanes.want('c', { source: 'camera', track: first, muted: false });
  mesh.told = new Promise(() => {});
  void lanes.want('c', { source: 'camera', track: first, muted: true });
  await settled();
  expect(first.enabled).toBe(false);
  mesh.replace = async (publication, track) => {
    mesh.log.push('replace camera');
    Object.assign(mesh.published.get(publication.id) ?? {}, { track });
  };
  void lanes.want('c', { source: 'camera', track: second, muted: false });
  await settled();
  expect(mesh.log.slice(1)).toEqual(['mute camera', 'replace camera', 'unmute camera']);
  expect([mesh.of('camera')?.track, second.enabled]).toEqual([second, true]);
});

it('tries again what was lost with its session, and tells what is refused', async () => {
  const { mesh, failed, publisher: lanes } = publisher();
  mesh.errors.push(new SignalboxError({ reason: 'outcome_unknown', detail: '' }));
  await lanes.want('m', { source: 'microphone', track: audio(), muted: false });
  expect([mesh.published.size, failed]).toEqual([1, []]);
  mesh.errors.push(new SignalboxError({ reason: 'denied', detail: '' }));
  await lanes.want('c', { source: 'camera', track: audio(), muted: false });
  expect([mesh.published.size, failed]).toEqual([1, ['c']]);
  // What is published and cannot be muted is taken back rather than sent against the visitor's will.
  mesh.errors.push(new SignalboxError({ reason: 'denied', detail: '' }));
  await lanes.want('m', { source: 'microphone', track: mesh.of('microphone')!.track, muted: true });
  await settled();
  expect([mesh.published.size, failed]).toEqual([0, ['c', 'm']]);
});

it('says nothing once it is closed', async () => {
  const { mesh, failed, publisher: lanes } = publisher();
  mesh.errors.push(new TypeError('the mesh is closed'));
  const over = lanes.want('m', { source: 'microphone', track: audio(), muted: false });
  lanes.close();
  await over;
  expect(failed).toEqual([]);
});

it('rests when the mesh has closed by itself', async () => {
  const { mesh, failed, publisher: lanes } = publisher();
  const track = audio();
  await lanes.want('m', { source: 'microphone', track, muted: false });
  mesh.closed = true;
  mesh.published.clear();
  await lanes.want('m', { source: 'microphone', track, muted: true });
  await lanes.want('m', { source: 'microphone', track: audio('b'), muted: true });
  expect([mesh.log, failed]).toEqual([['publish microphone'], []]);
});

it('does not ask for ever for what changes nothing', async () => {
  const { mesh, publisher: lanes } = publisher();
  const track = audio();
  await lanes.want('m', { source: 'microphone', track, muted: false });
  mesh.published.clear();
  await lanes.want('m', { source: 'microphone', track, muted: true });
  expect(mesh.log).toEqual(['publish microphone', 'mute microphone']);
});

it('hears a wish that comes at whatever moment, also just as the one before is met', async () => {
  for (let turns = 0; turns < 20; turns += 1) {
    const { mesh, publisher: lanes } = publisher();
    const [first, second] = [audio(), audio('b')];
    void lanes.want('m', { source: 'microphone', track: first, muted: false });
    for (let turn = 0; turn < turns; turn += 1) await undefined;
    void lanes.want('m', { source: 'microphone', track: second, muted: false });
    await settled();
    expect(mesh.of('microphone')?.track).toBe(second);
  }
});
