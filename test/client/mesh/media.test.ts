import { describe, expect, it } from 'vitest';
import type { PeerMesh } from '../../../src/client/index.ts';
import { entry, FakeRoom } from './fake-room.ts';
import { meshOf, states, until } from './kit.ts';
import { cameraTrack, microphoneTrack, runningCamera, videoOf } from './media-kit.ts';
import { pairs } from './stacks.ts';

/** What a mesh is sent, as `participant source name`. */
function tracks(mesh: PeerMesh): string[] {
  return [...mesh.peers.values()]
    .flatMap(({ tracks: sent }) => sent)
    .map(({ participant, source, name }) => `${participant.id} ${source} ${name}`.trim())
    .sort();
}

describe.each(pairs)('%s joins, then %s', (first, second) => {
  it('publishes from both sides, at once and with collisions', async () => {
    const fake = new FakeRoom({ delayMs: 10 });
    const { mesh: a, errors: errorsA } = meshOf(fake.join('a').room, first);
    await a.publish(videoOf(first), { name: 'early' });
    const { mesh: b, errors: errorsB } = meshOf(fake.join('b').room, second);
    await b.publish(videoOf(second), { name: 'early' });
    await until('both have one', () => tracks(a).length === 1 && tracks(b).length === 1);
    await until('connected', () => states(a).join() === 'connected' && states(b).join() === 'connected');
    await Promise.all([
      a.publish(videoOf(first), { source: 'screen' }),
      b.publish(videoOf(second), { source: 'screen' }),
    ]);
    await until('both have two', () => tracks(a).length === 2 && tracks(b).length === 2);
    expect([tracks(a), tracks(b)]).toEqual([
      ['b camera early', 'b screen'],
      ['a camera early', 'a screen'],
    ]);
    expect([...errorsA, ...errorsB]).toEqual([]);
  });
});

it('tells each track with its source and name, whoever published first and whoever offers', async () => {
  const fake = new FakeRoom();
  const { mesh: a, errors: errorsA } = meshOf(fake.join('a').room, 'wrtc');
  await a.publish(cameraTrack(), { name: 'front' });
  await a.publish(microphoneTrack());
  const { mesh: b, errors: errorsB } = meshOf(fake.join('b').room, 'wrtc');
  await b.publish(cameraTrack(), { source: 'screen' });
  const { mesh: c, errors: errorsC } = meshOf(fake.join('c').room, 'wrtc');
  await until('b has all of a', () => tracks(b).length === 2);
  await until('c has all', () => tracks(c).length === 3);
  await until('a has all', () => tracks(a).length === 1);
  expect(tracks(a)).toEqual(['b screen']);
  expect(tracks(b)).toEqual(['a camera front', 'a microphone']);
  expect(tracks(c)).toEqual(['a camera front', 'a microphone', 'b screen']);
  expect([...errorsA, ...errorsB, ...errorsC]).toEqual([]);
});

it('adds and removes tracks of a running connection, and uses an m-line again', async () => {
  const fake = new FakeRoom();
  const { mesh: a, errors: errorsA } = meshOf(fake.join('a').room, 'wrtc');
  const { mesh: b, errors: errorsB } = meshOf(fake.join('b').room, 'wrtc');
  const heard: string[] = [];
  b.on('track', ({ source }) => heard.push(`+${source}`));
  b.on('trackRemoved', ({ source }) => heard.push(`-${source}`));
  await until('connected', () => states(a).join() === 'connected' && states(b).join() === 'connected');
  const camera = await a.publish(cameraTrack());
  await until('the camera is there', () => tracks(b).length === 1);
  await a.unpublish(camera);
  await until('the camera is gone', () => tracks(b).length === 0);
  await a.publish(cameraTrack(), { source: 'screen' });
  await until('the screen is there', () => tracks(b).length === 1);
  expect(heard).toEqual(['+camera', '-camera', '+screen']);
  expect(a.peers.get('b')?.rtc?.getTransceivers()).toHaveLength(1);
  expect([...errorsA, ...errorsB]).toEqual([]);
});

it('lets both publish at the same moment, again and again', async () => {
  const fake = new FakeRoom({ delayMs: 10 });
  const { mesh: a, errors: errorsA } = meshOf(fake.join('a').room, 'wrtc');
  const { mesh: b, errors: errorsB } = meshOf(fake.join('b').room, 'wrtc');
  await until('connected', () => states(a).join() === 'connected' && states(b).join() === 'connected');
  for (let round = 1; round <= 5; round += 1) {
    await Promise.all([a.publish(cameraTrack(), { name: `${round}` }), b.publish(microphoneTrack())]);
    await until(`round ${round}`, () => tracks(a).length === round && tracks(b).length === round);
  }
  expect(tracks(b)).toEqual(['1', '2', '3', '4', '5'].map((name) => `a camera ${name}`));
  expect([...errorsA, ...errorsB]).toEqual([]);
});

it('replaces a track without a negotiation', async () => {
  const fake = new FakeRoom();
  const a = fake.join('a');
  const { mesh, errors } = meshOf(a.room, 'wrtc');
  const publication = await mesh.publish(cameraTrack());
  const { mesh: other } = meshOf(fake.join('b').room, 'wrtc');
  await until('the camera is there', () => tracks(other).length === 1);
  const sent = a.sent.length;
  const next = cameraTrack();
  await mesh.replace(publication, next);
  const [sender] = mesh.peers.get('b')?.rtc?.getSenders() ?? [];
  expect(sender?.track?.id).toBe(next.id);
  expect(publication.track).toBe(next);
  expect(a.sent.slice(sent).filter(({ payload }) => payload.kind === 'description')).toEqual([]);
  await expect(mesh.replace(publication, microphoneTrack())).rejects.toThrow('of kind video');
  expect(errors).toEqual([]);
});

it('mutes a source for the peers and in the roster', async () => {
  const fake = new FakeRoom();
  const { mesh } = meshOf(fake.join('a').room, 'wrtc');
  const b = fake.join('b');
  const track = microphoneTrack();
  await mesh.publish(track);
  await mesh.setMuted('microphone', true);
  expect(track.enabled).toBe(false);
  await until('b sees it', () => b.others.get('a')?.tracks[0]?.muted === true);
  const replacement = microphoneTrack();
  const [publication] = mesh.publications;
  await mesh.replace(publication!, replacement);
  expect(replacement.enabled).toBe(false);
  await mesh.setMuted('microphone', false);
  expect(replacement.enabled).toBe(true);
  await until('b sees it', () => b.others.get('a')?.tracks[0]?.muted === false);
});

it('tells the roster again what a lost session took with it', async () => {
  const fake = new FakeRoom();
  const a = fake.join('a');
  const { mesh } = meshOf(a.room, 'wrtc');
  const b = fake.join('b');
  const [camera] = [await mesh.publish(cameraTrack()), await mesh.publish(microphoneTrack())];
  const { tracks: before } = a.self;
  // As the gateway knew it: neither was told.
  await mesh.setMuted('microphone', true);
  await mesh.unpublish(camera);
  a.rejoinAs({ ...entry('a2', 9, { replaces: 'a' }), identity: 'a', tracks: before });
  b.misses('a', 'replaced', 'a2');
  b.sees(a.self);
  await until('b knows', () => b.others.get('a2')?.tracks.length === 1);
  expect(b.others.get('a2')?.tracks).toMatchObject([{ source: 'microphone', muted: true }]);
});

it('sends frames that arrive', async () => {
  const fake = new FakeRoom();
  const { mesh: a } = meshOf(fake.join('a').room, 'wrtc');
  await a.publish(runningCamera());
  const { mesh: b } = meshOf(fake.join('b').room, 'wrtc');
  let frames = 0;
  await until('frames are decoded', () => {
    void b.stats().then((stats) => {
      frames = stats.get('a')?.inbound[0]?.framesDecoded ?? 0;
    });
    return frames > 3;
  });
  const stats = (await b.stats()).get('a');
  expect(stats?.state).toBe('connected');
  expect(stats?.inbound[0]).toMatchObject({ source: 'camera', kind: 'video', frameWidth: 160 });
  expect(stats?.inbound[0]?.codec).toMatch(/^video\//);
  expect(stats?.inbound[0]?.packetsReceived).toBeGreaterThan(0);
  expect(stats).toMatchObject({ localCandidateType: 'host', protocol: 'udp', outbound: [] });
  const sent = (await a.stats()).get('b')?.outbound;
  expect(sent).toMatchObject([{ source: 'camera', kind: 'video', trackId: a.publications[0]?.id }]);
  expect(sent?.[0]?.bytesSent).toBeGreaterThan(0);
});

it('takes along in the first offer what is published in the turn that made it', async () => {
  const fake = new FakeRoom();
  const { mesh: a, errors: errorsA } = meshOf(fake.join('a').room, 'wrtc');
  await a.publish(cameraTrack());
  const joiner = fake.join('b');
  const { mesh: b, errors: errorsB } = meshOf(joiner.room, 'wrtc');
  await Promise.all([b.publish(cameraTrack()), b.publish(microphoneTrack())]);
  await until('all is there', () => tracks(a).length === 2 && tracks(b).length === 1);
  await until('connected', () => states(a).join() === 'connected' && states(b).join() === 'connected');
  const descriptions = [...joiner.sent, ...fake.members.get('a')!.sent].filter(
    ({ payload }) => payload.kind === 'description',
  );
  expect(descriptions).toHaveLength(2);
  expect([...errorsA, ...errorsB]).toEqual([]);
});

it('takes back what it took along and the gateway does not permit', async () => {
  const fake = new FakeRoom();
  const { mesh: a } = meshOf(fake.join('a').room, 'wrtc');
  const joiner = fake.join('b');
  const { mesh: b, errors } = meshOf(joiner.room, 'wrtc');
  joiner.update = () => new Promise((_resolve, reject) => setTimeout(reject, 300, new Error('denied')));
  const refused = b.publish(cameraTrack());
  await until('a is sent it', () => tracks(a).length === 1);
  await expect(refused).rejects.toThrow('denied');
  expect(b.publications).toEqual([]);
  await until('a is sent it no longer', () => tracks(a).length === 0);
  expect(errors).toEqual([]);
});

it('publishes nothing that the gateway does not permit, or that is published already', async () => {
  const fake = new FakeRoom();
  const member = fake.join('a');
  const { mesh } = meshOf(member.room, 'wrtc');
  const track = cameraTrack();
  member.update = () => Promise.reject(new Error('denied'));
  await expect(mesh.publish(track)).rejects.toThrow('denied');
  expect(mesh.publications).toEqual([]);
  member.update = async () => {};
  await mesh.publish(track);
  await expect(mesh.publish(track)).rejects.toThrow('published already');
  const { mesh: dataOnly } = meshOf(fake.join('b').room, 'wrtc', { dataOnly: true });
  await expect(dataOnly.publish(cameraTrack())).rejects.toThrow('dataOnly');
});

it('finds room for the tracks of a side that may not offer', async () => {
  const fake = new FakeRoom();
  const { mesh: a, errors: errorsA } = meshOf(fake.join('a', { features: [] }).room, 'wrtc');
  const b = fake.join('b', { features: [] });
  const { mesh: meshB, errors: errorsB } = meshOf(b.room, 'wrtc');
  await until('connected', () => states(a).join() === 'connected' && states(meshB).join() === 'connected');
  await a.publish(cameraTrack());
  await a.publish(microphoneTrack());
  await until('b has both', () => tracks(meshB).length === 2);
  expect(tracks(meshB)).toEqual(['a camera', 'a microphone']);
  const offers = fake.members
    .get('a')
    ?.sent.filter(({ payload }) => payload.kind === 'description' && payload.type === 'offer');
  expect(offers).toEqual([]);
  expect([...errorsA, ...errorsB]).toEqual([]);
});
