import { afterEach, describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { startTestNode, type TestClient, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

const key = roomKey('', 'r');

/** A room with so many members beside Ann, who have no connection. Returns their ids. */
async function crowd(size: number, limits = {}) {
  kit = await startTestNode({ limits });
  const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
  const self = kit.engine.participant(key, id);
  if (self === undefined) throw new Error('Ann is not in the room');
  const ids: string[] = [];
  for (let index = 0; index < size; index += 1) {
    const session = { id: `s${index}`, device: `s${index}`, bornAt: kit.clock.now(), tenant: '' };
    kit.engine.openSession({
      ...session,
      identity: `m${index}`,
      secretHash: '',
      sendKeyHash: '',
      attempt: 1,
    });
    const { identity: _identity, ...profile } = self;
    const request = { session, attempt: 1, state: State.ACTIVE, joins: 1, knock: '' };
    const outcome = kit.engine.join(
      key,
      { ...request, profile: { ...profile, identity: `m${index}` } },
      undefined,
    );
    if (outcome.status === 'joined') ids.push(outcome.participant);
  }
  await kit.settle();
  return { ann, ids };
}

/** Joins without waiting for the end of any tick. */
async function joining(): Promise<TestClient> {
  const bob = await kit.client({ identity: 'bob' });
  bob.send({ case: 'join', value: { room: 'r' } });
  return bob;
}

const kinds = (client: TestClient) =>
  client.frames.flatMap(({ body }) => {
    if (body.case === 'joined') return ['joined'];
    if (body.case !== 'rosterDelta')
      return body.case === 'message' || body.case === 'signal' ? [body.case] : [];
    return [body.value.snapshot ? (body.value.complete ? 'last page' : 'page') : 'delta'];
  });

describe('a roster of ten thousand', () => {
  it('comes in pages, a few each tick, behind its Joined', async () => {
    const { ids } = await crowd(10_000);
    const bob = await joining();
    let most = 0;
    let ticks = 0;
    while (kit.clock.hasSoon) {
      const before = bob.frames.length;
      kit.clock.tick();
      await Promise.resolve();
      most = Math.max(most, bob.frames.length - before);
      ticks += 1;
    }
    const got = kinds(bob);
    expect(got[0]).toBe('joined');
    expect(got.at(-1)).toBe('last page');
    expect(got.filter((kind) => kind === 'page')).toHaveLength(49);
    // 64 KiB a tick and what the last of its pages has more.
    expect(most).toBeLessThan(12);
    expect(ticks).toBeGreaterThan(5);
    const [joined] = bob.all('joined');
    const paged = bob.all('rosterDelta').flatMap((delta) => delta.joined);
    const listed = [...(joined?.participants ?? []), ...paged].map(({ id }) => id);
    expect(joined?.rosterComplete).toBe(false);
    expect(new Set(listed).size).toBe(10_001);
    expect(listed).toEqual(expect.arrayContaining([ids[0], ids.at(-1)]));
  });
});

describe('while a large roster is on its way', () => {
  const small = { gatherBytes: 500, rosterPage: 2 };

  it('what happens in the room waits for its last page, and the pages show it as it was before', async () => {
    const { ann, ids } = await crowd(40, small);
    const bob = await joining();
    kit.clock.tick();
    kit.clock.tick();
    expect(kinds(bob).at(-1)).toBe('page');
    kit.engine.setState(key, 's39', 1, State.AWAY);
    kit.engine.leave(key, 's38', { reason: 1 });
    ann.send({
      case: 'message',
      value: { room: 'r', delivery: DeliveryClass.RELIABLE, content: { case: 'text', value: 'x' } },
    });
    await kit.settle();
    const got = kinds(bob);
    expect(got.slice(got.indexOf('last page') + 1)).toEqual(['delta', 'delta', 'message']);
    expect(got.slice(0, got.indexOf('last page')).every((kind) => kind === 'joined' || kind === 'page')).toBe(
      true,
    );
    const paged = bob
      .all('rosterDelta')
      .filter(({ snapshot }) => snapshot)
      .flatMap((delta) => delta.joined);
    expect(paged.find(({ id }) => id === ids[39])?.state).toBe(State.ACTIVE);
    expect(paged.some(({ id }) => id === ids[38])).toBe(true);
  });

  it('a signal waits, too: its sender may stand on the last page', async () => {
    const { ann } = await crowd(40, small);
    const bob = await joining();
    kit.clock.tick();
    kit.clock.tick();
    const [joined] = bob.all('joined');
    ann.send({ case: 'signal', value: { to: joined?.participant?.id ?? '' } });
    await kit.settle();
    const got = kinds(bob);
    expect(got.filter((kind) => kind === 'signal')).toHaveLength(1);
    expect(got.indexOf('signal')).toBeGreaterThan(got.indexOf('last page'));
  });

  it('a connection that is lost gets the roster from its beginning as it resumes', async () => {
    await crowd(40, small);
    const bob = await joining();
    kit.clock.tick();
    kit.clock.tick();
    const [welcome] = bob.all('welcome');
    const [joined] = bob.all('joined');
    bob.drop();
    const { epoch = '', offset = 0, version = 0 } = joined ?? {};
    const again = await kit.client(
      { identity: 'bob' },
      {
        firstSeq: bob.seq + 1,
        hello: {
          resume: {
            ...{ token: welcome?.resumeToken ?? '', attempt: 2, epoch: welcome?.epoch ?? '' },
            ...{ receivedSeq: bob.receivedSeq, rooms: [{ room: 'r', epoch, offset, version }] },
          },
        },
      },
    );
    await kit.settle();
    expect(kinds(again)[0]).toBe('joined');
    const [fresh] = again.all('joined');
    const paged = again.all('rosterDelta').flatMap((delta) => delta.joined);
    expect((fresh?.participants.length ?? 0) + paged.length).toBe(41);
  });
});
