import { create } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from 'vitest';
import { ModerationAction } from '../../../gen/signalbox/v1/moderation_pb.ts';
import { PermissionsSchema } from '../../../gen/signalbox/v1/participant_pb.ts';
import { RoomSettings_Topology as Topology } from '../../../gen/signalbox/v1/room_pb.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { startTestNode, type TestClient, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

/** What a client was told, in order: the kinds of bodies, without bare acks. */
const kinds = (client: TestClient, from = 0) => client.since(from).flatMap(({ body }) => body.case ?? []);

describe('what a client is told', () => {
  it('has no signal before its sender’s join, though both come in one tick, and from a lane that was stalled', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
    const bob = await kit.client({ identity: 'bob' });
    const before = ann.frames.length;
    bob.send({ case: 'join', value: { room: 'r' } });
    bob.send({ case: 'signal', value: { to: id } });
    await kit.settle();
    expect(kinds(ann, before)).toEqual(['rosterDelta', 'signal']);
    ann.stall();
    bob.send({ case: 'signal', value: { to: id } });
    await kit.settle();
    const cy = await kit.client({ identity: 'cy' });
    cy.send({ case: 'join', value: { room: 'r' } });
    cy.send({ case: 'signal', value: { to: id } });
    await kit.settle();
    const stalled = ann.frames.length;
    ann.drain();
    await kit.settle();
    expect(kinds(ann, stalled)).toEqual(['rosterDelta', 'signal']);
  });

  it('has no signal before its sender’s join when the room’s frames fill more than a tick', async () => {
    kit = await startTestNode({ limits: { gatherBytes: 5000 } });
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
    ann.stall();
    for (let i = 0; i < 30; i += 1) {
      const { client } = await kit.inRoom('r', { identity: `p${i}`, attributes: { a: 'x'.repeat(900) } });
      client.send({ case: 'signal', value: { to: id, connectionId: `p${i}` } });
      await kit.settle();
    }
    ann.drain();
    await kit.settle();
    const seen = new Set<string>();
    for (const { body, origin } of ann.frames) {
      if (body.case === 'rosterDelta') for (const joined of body.value.joined) seen.add(joined.id);
      if (body.case === 'signal') expect(seen).toContain(origin?.sender);
    }
    expect(ann.all('signal')).toHaveLength(30);
  });

  it('has the Left of one membership before the Joined of the next, though both come in one tick', async () => {
    // Left stands in the inbox, Joined is made from the room: rooms first would say that the client is out.
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const before = ann.frames.length;
    ann.send({ case: 'leave', value: { room: 'r' } });
    ann.send({ case: 'join', value: { room: 'r' } });
    ann.send({ case: 'leave', value: { room: 'r' } });
    ann.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    expect(kinds(ann, before)).toEqual(['left', 'left', 'joined']);
  });

  it('has JoinPending before the Joined that follows it, though both come in one tick', async () => {
    kit = await startTestNode({ settings: { lobby: true } });
    await kit.inRoom('r', { identity: 'host', permissions: { moderate: true } });
    const ann = await kit.client({ identity: 'ann' });
    ann.stall();
    ann.send({ case: 'ping', value: { id: 1 } });
    await kit.settle();
    ann.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    const [entry] = kit.engine.lobby(roomKey('', 'r'));
    kit.engine.admit(roomKey('', 'r'), entry?.participant?.id ?? '');
    await kit.settle();
    const before = ann.frames.length;
    ann.drain();
    await kit.settle();
    expect(kinds(ann, before)).toEqual(['joinPending', 'joined']);
  });

  it('has nothing of a room after its Left', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const before = bob.frames.length;
    bob.send({ case: 'leave', value: { room: 'r' } });
    ann.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'x' } } });
    await kit.inRoom('r', { identity: 'cy' });
    await kit.pass(1000);
    expect(kinds(bob, before)).toEqual(['left']);
  });

  it('has the news of its hub after the Joined', async () => {
    kit = await startTestNode({ settings: { topology: Topology.HUB } });
    const ann = await kit.client({ identity: 'ann' });
    const hub = await kit.client({ identity: 'hub', permissions: { hub: true } });
    ann.send({ case: 'join', value: { room: 'r' } });
    hub.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    const told = ann.frames.flatMap(({ body }) => {
      if (body.case === 'joined') return [['joined', body.value.hub]];
      return body.case === 'rosterDelta' && body.value.hub !== undefined ? [['hub', body.value.hub]] : [];
    });
    const id = hub.all('joined')[0]?.participant?.id;
    // The snapshot is newer than the news: both say the same.
    expect(told).toEqual([
      ['joined', id],
      ['hub', id],
    ]);
  });

  it('has no acknowledgement before the refusals that belong to it, whatever else stands in the inbox', async () => {
    kit = await startTestNode();
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    ann.stall();
    ann.send({ case: 'ping', value: { id: 1 } });
    await kit.settle();
    // Bob's signals come first in Ann's inbox, then the refusal of her own.
    for (let i = 0; i < 5; i += 1) bob.send({ case: 'signal', value: { to: id } });
    const refused = ann.send({ case: 'signal', value: { to: 'nobody' } });
    await kit.settle();
    const before = ann.frames.length;
    ann.drain();
    await kit.settle();
    let told = false;
    for (const { ack, body } of ann.since(before)) {
      told ||= body.case === 'error' && body.value.seq === refused;
      if (ack >= refused) expect(told).toBe(true);
    }
    expect(ann.acked).toBe(refused);
  });

  it('has the same in the ticks of a large inbox: no acknowledgement while refusals wait', async () => {
    kit = await startTestNode({ limits: { gatherBytes: 3000 } });
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    ann.stall();
    for (let i = 0; i < 20; i += 1) {
      bob.send({
        case: 'signal',
        value: { to: id, payload: { case: 'description', value: { sdp: 'x'.repeat(900) } } },
      });
      ann.send({ case: 'signal', value: { to: 'nobody' } });
      await kit.settle();
    }
    ann.drain();
    await kit.settle();
    const refused = new Set<number>();
    for (const { ack, body } of ann.frames) {
      if (body.case === 'error') refused.add(body.value.seq);
      for (let seq = 2; seq <= ack; seq += 1) expect(refused).toContain(seq);
    }
    expect(ann.acked).toBe(21);
  });

  it('shows a change of the own permissions to one whom no roster shows', async () => {
    kit = await startTestNode();
    const { client: host } = await kit.inRoom('r', { identity: 'host', permissions: { moderate: true } });
    const { client: ghost, id } = await kit.inRoom('r', { identity: 'ghost', permissions: { hidden: true } });
    kit.engine.change(roomKey('', 'r'), id, {
      permissions: create(PermissionsSchema, { hidden: true, muteMessages: true }),
    });
    host.send({ case: 'moderate', value: { room: 'r', participant: id, action: ModerationAction.MUTE } });
    await kit.settle();
    expect(ghost.all('rosterDelta')).toMatchObject([
      { updated: [{ id, permissions: { muteMessages: true } }] },
    ]);
    expect(ghost.all('moderationNotice')).toHaveLength(1);
    expect(host.all('rosterDelta')).toEqual([]);
  });
});
