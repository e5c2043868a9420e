import { describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { ModerationAction as Action } from '../../gen/signalbox/v1/moderation_pb.ts';
import { TrackSource } from '../../gen/signalbox/v1/participant_pb.ts';
import { RoomSettings_Topology as Topology } from '../../gen/signalbox/v1/room_pb.ts';
import { resolveSettings } from '../../src/core/room/settings.ts';
import { roomKey } from '../../src/core/room-key.ts';
import type { ClientBody } from '../helpers/scripted-client.ts';
import {
  annId,
  bystander,
  eve,
  eveId,
  join,
  kit,
  message,
  moderate,
  refused,
  samId,
  signalTo,
  undisturbed,
  update,
  useHostileRoom,
  works,
} from './frames-kit.ts';

useHostileRoom();

describe('a permission that a client does not have', () => {
  const rows: readonly (readonly [string, object, () => ClientBody])[] = [
    ['signal', { signal: false }, () => signalTo(annId)],
    ['update_self, for a name', { updateSelf: false }, update({ name: 'x' })],
    ['update_self, for an attribute', { updateSelf: false }, update({ setAttributes: { a: 'b' } })],
    ['update_self, for a track', { updateSelf: false }, update({ tracks: [{ id: 'a' }] })],
    ['update_self, for the end of a track', { updateSelf: false }, update({ dropTracks: ['a'] })],
    [
      'publish, in an update',
      { publish: [TrackSource.CAMERA] },
      update({ tracks: [{ id: 'a', source: TrackSource.SCREEN }] }),
    ],
    [
      'publish, in a Join',
      { publish: [TrackSource.CAMERA] },
      join({ tracks: [{ id: 'a', source: TrackSource.SCREEN }] }),
    ],
    ['deliveries', { deliveries: [DeliveryClass.LATEST] }, () => message()],
    ['send_types', { sendTypes: ['chat'] }, () => message({ messageType: 'alarm' })],
    ['mute_messages', { muteMessages: true }, () => message()],
    ['mute_messages, to one', { muteMessages: true }, () => message({ toParticipant: annId })],
    ['moderate', { moderate: false }, moderate(Action.LOCK, { participant: '' })],
  ];

  it.each(rows)('%s: DENIED', async (_, permissions, body) => {
    const { client } = await kit.inRoom('r', { identity: 'mallory', permissions });
    await refused(['', body, 'DENIED'], client);
    await works(eve);
  });

  it('an attribute that the token sets: DENIED, to change or to clear', async () => {
    const { client } = await kit.inRoom('r', { identity: 'm', attributes: { team: 'red' } });
    const field = 'update_participant.set_attributes';
    await refused(['', update({ setAttributes: { team: 'blue' } }), 'DENIED', field], client);
    await refused(['', update({ clearAttributes: ['team'] }), 'DENIED', field], client);
    expect(client.all('joined')[0]?.participant?.attributes).toEqual({ team: 'red' });
  });

  it('a room that the token does not cover: DENIED, and it is not made', async () => {
    const bound = await kit.client({ identity: 'm', room: 'call-*' });
    await refused(['', join({ room: 'vault' }), 'DENIED', 'join.room'], bound);
    expect(kit.engine.view(roomKey('', 'vault'))).toBeUndefined();
    bound.send({ case: 'join', value: { room: 'call-7' } });
    await kit.settle();
    expect(bound.all('joined')).toHaveLength(1);
  });

  it('settings of a new room, without the grant to create: not taken', async () => {
    eve.send({ case: 'join', value: { room: 'q', create: { maxParticipants: 1 } } });
    await kit.settle();
    expect(eve.all('joined').at(-1)?.info?.settings?.maxParticipants).toBe(0);
  });

  it('a moderator’s token for one room moves nobody to another', async () => {
    const { client } = await kit.inRoom('r', { identity: 'm', room: 'r', permissions: { moderate: true } });
    await refused(['', moderate(Action.MOVE, { argument: 'vault' }), 'DENIED'], client);
  });

  it('moderation of what there is not', async () => {
    const { client } = await kit.inRoom('r', { identity: 'm', permissions: { moderate: true } });
    for (const action of [
      Action.ADMIT,
      Action.DENY,
      Action.REMOVE,
      Action.BAN,
      Action.MUTE,
      Action.SET_ROLE,
      Action.LOWER_HAND,
      Action.MOVE,
    ]) {
      await refused(
        ['', moderate(action, { participant: samId, argument: 'x' }), 'UNKNOWN_RECIPIENT'],
        client,
      );
    }
    await refused(['', moderate(99), 'UNSUPPORTED', 'moderate.action'], client);
    await refused(['', moderate(0), 'UNSUPPORTED', 'moderate.action'], client);
    await refused(
      ['', moderate(Action.SET_ROLE, { argument: 'x'.repeat(65) }), 'MALFORMED', 'moderate.argument'],
      client,
    );
    await refused(
      ['', moderate(Action.RECORDING, { argument: 'constructor' }), 'MALFORMED', 'moderate.argument'],
      client,
    );
    await refused(
      ['', moderate(Action.REMOVE, { note: 'x'.repeat(257) }), 'MALFORMED', 'moderate.note'],
      client,
    );
  });

  it('in a HUB room: members do not signal to one another, and to no hub while there is none', async () => {
    const settings = resolveSettings();
    settings.topology = Topology.HUB;
    kit.engine.updateRoom(roomKey('', 'r'), { settings, paths: ['topology'] });
    await kit.settle();
    await refused(['', () => signalTo(annId), 'DENIED', 'signal.to']);
    await refused(['', () => signalTo(''), 'NO_HUB']);
    const { client: hub, id } = await kit.inRoom('r', { identity: 'h', permissions: { hub: true } });
    await undisturbed(() => void eve.send(signalTo('')));
    await undisturbed(() => void eve.send(signalTo(id)));
    await undisturbed(() => void hub.send(signalTo(eveId)));
    expect([hub.all('signal').length, eve.all('signal').length]).toEqual([2, 1]);
  });
});

describe('two tenants', () => {
  it('never meet, whatever a client calls its rooms and whomever it names', async () => {
    const { client: spy } = await kit.inRoom('r', { identity: 'ann', tenant: 't' });
    expect(spy.all('joined')).toMatchObject([{ count: 1, participants: [] }]);
    await refused(['', () => signalTo(annId), 'UNKNOWN_RECIPIENT'], spy);
    await refused(['', () => message({ toParticipant: annId }), 'UNKNOWN_RECIPIENT'], spy);
    await undisturbed(() => void spy.send(message({ toIdentity: 'bob' })));
    await undisturbed(() => void spy.send(message()));
    await refused(['', join({ room: '\u0000r' }), 'MALFORMED', 'join.room'], spy);
    await undisturbed(() => spy.drop());
    await undisturbed(() => kit.pass(31_000), []);
    expect(bystander.all('message')).toEqual([]);
  });
});
