import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, it } from 'vitest';
import { PingSchema, PongSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  GoAwaySchema,
  IceServersUpdateSchema,
  ResyncSchema,
  TokenExpiringSchema,
} from '../../../gen/signalbox/v1/session_pb.ts';
import type { Framing } from '../../../src/core/lane.ts';
import { refuse } from '../../../src/core/refusal.ts';
import { frameError } from '../../../src/core/server-frame.ts';
import { type SlotBody, Slots } from '../../../src/core/session/slots.ts';
import { WireRun } from '../../../src/core/wire/wire-run.ts';
import { decodeFrame, startTestNode, type TestNode } from '../../helpers/test-node.ts';

/** Frames one after the other, and where each begins. */
function drained(slots: Slots) {
  const frames: Uint8Array[] = [];
  const framing: Framing = {
    kind: 'transcode',
    name: 'test',
    encode: (frame) => {
      frames.push(frame.slice());
      return frame;
    },
  };
  slots.drainTo(new WireRun(framing));
  return frames.map((frame) => decodeFrame(frame).body);
}

const pong = (id: number): SlotBody => ({ case: 'pong', value: create(PongSchema, { id }) });
const bodies: SlotBody[] = [
  { case: 'ping', value: create(PingSchema, { id: 1 }) },
  pong(2),
  { case: 'error', value: frameError(0, refuse(Reason.MALFORMED, 'x')) },
  { case: 'iceServersUpdate', value: create(IceServersUpdateSchema, { restartIce: true }) },
  { case: 'tokenExpiring', value: create(TokenExpiringSchema, { token: 't' }) },
  { case: 'goAway', value: create(GoAwaySchema, { deadline: durationFromMs(1000) }) },
  { case: 'resync', value: create(ResyncSchema, { epoch: 'e' }) },
];

describe('the slots of a connection', () => {
  it('are written in one order, whatever the order in which they were filled, and once', () => {
    const slots = new Slots();
    for (const body of bodies) slots.set(body);
    const kinds = ['resync', 'goAway', 'tokenExpiring', 'iceServersUpdate', 'error', 'pong', 'ping'];
    expect(drained(slots).map((body) => body.case)).toEqual(kinds);
    expect(drained(slots)).toEqual([]);
  });

  it('hold the newest of a kind, and nothing that belonged to an older connection', () => {
    const slots = new Slots();
    for (let id = 1; id <= 100; id += 1) slots.set(pong(id));
    expect(drained(slots)).toMatchObject([{ case: 'pong', value: { id: 100 } }]);
    slots.set(pong(101));
    slots.clear();
    expect(drained(slots)).toEqual([]);
  });
});

describe('a reader that does not read', () => {
  let kit: TestNode;
  afterEach(() => kit.stop());

  it('is owed one frame of each kind, however often it is asked or answered', async () => {
    kit = await startTestNode();
    const ann = await kit.client();
    ann.stall();
    ann.send({ case: 'ping', value: { id: 1 } });
    await kit.settle();
    for (let id = 2; id <= 50; id += 1) {
      ann.send({ case: 'ping', value: { id } });
      await kit.settle();
    }
    // The first filled the transport; the others share the slot.
    expect(ann.all('pong').map(({ id }) => id)).toEqual([1]);
    ann.drain();
    await kit.settle();
    expect(ann.all('pong').map(({ id }) => id)).toEqual([1, 50]);
  });
});
