import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ClientFrameSchema, OriginSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { TrackSource } from '../../gen/signalbox/v1/participant_pb.ts';
import { roomKey } from '../../src/core/room-key.ts';
import { testToken } from '../helpers/node-kit.ts';
import {
  ann,
  annId,
  bystander,
  eve,
  eveId,
  kit,
  signalTo,
  undisturbed,
  useHostileRoom,
} from './frames-kit.ts';
import { bytesField, frameBytes, topFields, varintField } from './raw-frame.ts';

useHostileRoom();

describe('what a client writes in the gateway’s place', () => {
  const origin = toBinary(OriginSchema, create(OriginSchema, { sender: 'ann', identity: 'ann', offset: 1 }));
  const signal = () =>
    toBinary(ClientFrameSchema, create(ClientFrameSchema, { body: signalTo(annId, { connectionId: 'c' }) }));

  it.each([
    ['an Origin beside the record', () => [varintField(1, 2), signal(), bytesField(9, origin)]],
    ['an Origin before the record', () => [bytesField(9, origin), varintField(1, 2), signal()]],
    ['several Origins', () => [varintField(1, 2), bytesField(9, origin), signal(), bytesField(9, origin)]],
    [
      'GoAway, Closed, FrameError, ModerationNotice and LobbyDelta',
      () => [
        varintField(1, 2),
        signal(),
        ...[24, 25, 26, 27, 28].map((number) => bytesField(number, origin)),
      ],
    ],
    [
      'fields that no schema knows',
      () => [varintField(1, 2), varintField(500, 7), signal(), bytesField(1000, origin)],
    ],
  ])(
    '%s never reaches a receiver: it gets the record and the gateway’s own Origin, byte for byte',
    async (_, parts) => {
      const before = ann.rawFrames.length;
      await undisturbed(() => eve.sendBytes(frameBytes(...parts())), [bystander]);
      const [raw] = ann.rawFrames.slice(before);
      if (raw === undefined) throw new Error(`nothing came; eve was told ${eve.all('closed')[0]?.detail}`);
      const fields = topFields(raw);
      expect(fields.map(({ number }) => number)).toEqual([1, 3, 9]);
      expect(fields[1]?.bytes).toEqual(signal());
      const said = fromBinary(OriginSchema, fields[2]?.content ?? new Uint8Array());
      expect(said).toMatchObject({ sender: eveId, senderSeq: 2, identity: '', offset: 0 });
      expect(said.acceptedAtMs).toBe(BigInt(kit.clock.now()));
    },
  );

  it('unknown fields inside the record are relayed untouched: the schema of two clients may be newer', async () => {
    const inner = frameBytes(bytesField(1, annId), bytesField(77, 'of a newer schema'), varintField(78, 5));
    const before = ann.rawFrames.length;
    await undisturbed(() => eve.sendBytes(frameBytes(varintField(1, 2), bytesField(3, inner))), [bystander]);
    const [raw] = ann.rawFrames.slice(before);
    expect(topFields(raw ?? new Uint8Array())[1]?.content).toEqual(inner);
  });

  it('a message names its sender to all, in the log, in values and in the history of those who come later', async () => {
    const record = (delivery: number) =>
      frameBytes(
        bytesField(1, 'r'),
        varintField(2, delivery),
        bytesField(4, 'k'),
        bytesField(6, 'x'),
        bytesField(99, origin),
      );
    eve.sendBytes(frameBytes(varintField(1, 2), bytesField(4, record(1)), bytesField(9, origin)));
    eve.sendBytes(frameBytes(bytesField(9, origin), varintField(1, 3), bytesField(4, record(2))));
    await kit.settle();
    const late = await kit.client({ identity: 'late' });
    late.send({ case: 'join', value: { room: 'r', history: 9 } });
    await kit.settle();
    const [joined] = late.all('joined');
    const origins = [...(joined?.history ?? []), ...(joined?.retained ?? [])].map((one) => one.origin);
    expect(origins).toMatchObject([
      { sender: eveId, identity: 'eve', offset: 4, version: 0 },
      { sender: eveId, identity: 'eve', offset: 0, version: 1 },
    ]);
    const relayed = bystander.rawFrames.map(topFields).filter(([first]) => first?.number === 4);
    expect(relayed.map((fields) => fields.map(({ number }) => number))).toEqual([
      [4, 9],
      [4, 9],
    ]);
    expect(relayed.map(([first]) => first?.content)).toEqual([record(1), record(2)]);
  });

  it('what it adds to Join, tracks and updates is in no roster', async () => {
    const track = frameBytes(bytesField(1, 't'), varintField(2, 1), bytesField(50, 'x'.repeat(500)));
    const join = frameBytes(bytesField(1, 'z'), bytesField(4, track), bytesField(90, 'y'.repeat(500)));
    eve.sendBytes(frameBytes(varintField(1, 2), bytesField(17, join)));
    const update = frameBytes(bytesField(1, 'z'), bytesField(4, track), bytesField(91, 'x'.repeat(500)));
    eve.sendBytes(frameBytes(varintField(1, 3), bytesField(7, update)));
    await kit.settle();
    const view = kit.engine.view(roomKey('', 'z'));
    const [member] = [...(view?.members.all() ?? [])];
    expect(member?.participant.tracks).toMatchObject([{ id: 't', source: TrackSource.CAMERA }]);
    expect(member?.encoded.length).toBeLessThan(300);
  });

  it('features that the schema does not know, or thousands of them, are in no roster', async () => {
    const features = frameBytes(...Array.from({ length: 1000 }, (_, i) => varintField(5, i % 9)));
    const token = testToken({ identity: 'many' });
    const many = await kit.client({}, { greet: false });
    many.sendBytes(frameBytes(bytesField(16, frameBytes(bytesField(1, token), features))));
    await kit.settle();
    many.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    expect(many.all('joined')[0]?.participant?.features).toEqual([1, 2, 3, 4, 5]);
  });
});
