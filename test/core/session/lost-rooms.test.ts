import { afterEach, describe, expect, it } from 'vitest';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { startTestNode, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

/**
 * A duplicated page took the session over, read that it was removed from the room, and acknowledged it. The page that comes
 * back with the older position can never be handed that Left again.
 */
async function comeBack(rooms: readonly string[]) {
  kit = await startTestNode();
  const { client: ada, id } = await kit.inRoom('r');
  const [welcome] = ada.all('welcome');
  const [joined] = ada.all('joined');
  kit.engine.remove(roomKey('', 'r'), id, { reason: Reason.REMOVED });
  await kit.settle();
  const { epoch = '', offset = 0 } = joined ?? {};
  const positions = rooms.map((room) => ({ room, epoch, offset, version: 0 }));
  const token = welcome?.resumeToken ?? '';
  const resume = { token, epoch: welcome?.epoch ?? '', receivedSeq: 0, attempt: 2, rooms: positions };
  return kit.client({}, { hello: { resume }, firstSeq: 2 });
}

describe('a client whose Left was lost with its place in the inbox', () => {
  it('is told again that it is not in the room it speaks of', async () => {
    const back = await comeBack(['r']);
    expect(back.all('resync').map(({ nextSeq }) => nextSeq)).toEqual([2]);
    expect(back.all('left').map(({ room, reason }) => [room, reason])).toEqual([['r', Reason.EPOCH_LOST]]);
  });

  it('hears nothing back of names that no room can have, and of more rooms than a session may be in', async () => {
    const back = await comeBack(['', 'x'.repeat(200), ...Array.from({ length: 100 }, (_, n) => `r${n}`)]);
    expect(back.all('left')).toHaveLength(kit.limits.rooms - 2);
  });

  it('is told so before it is told that it has joined again', async () => {
    const back = await comeBack(['r']);
    back.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    const kinds = back.frames.map(({ body }) => body.case);
    expect(kinds.indexOf('left')).toBeLessThan(kinds.indexOf('joined'));
    expect(back.all('left')).toHaveLength(1);
  });
});
