import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { FrameErrorSchema, Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { ClosedSchema, NextStep } from '../../../gen/signalbox/v1/session_pb.ts';
import { SendFramesRequestSchema, SignalingService } from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import { endingOf } from '../../../src/core/refusal.ts';
import type { SendFrames, SendFramesBatch } from '../../../src/core/send-frames.ts';
import { signalingEndpoints } from '../../../src/lanes/envelope/signaling-endpoints.ts';
import { splitSendRequest } from '../../../src/lanes/envelope/signaling-messages.ts';
import { serveHttp1, serveHttp2, type TestServer } from './servers.ts';

const ways = ['grpc', 'grpc-web', 'connect'].flatMap((protocol) =>
  (['1.1', '2'] as const).flatMap((http) =>
    protocol === 'grpc' && http === '1.1'
      ? []
      : [true, false].map((binary) => ({ protocol, http, binary, codec: binary ? 'binary' : 'JSON' })),
  ),
);

describe.each(ways)('SendFrames by $protocol over HTTP/$http with $codec', ({ protocol, http, binary }) => {
  let server: TestServer;
  let batches: SendFramesBatch[];
  let answer: SendFrames;

  beforeEach(async () => {
    batches = [];
    const endpoints = signalingEndpoints({
      openLane: () => {
        throw new Error('not called');
      },
      sendFrames: (batch, done) => {
        batches.push({ ...batch, frames: batch.frames.map((frame) => frame.slice()) });
        answer(batch, done);
      },
    });
    server = http === '2' ? await serveHttp2(endpoints) : await serveHttp1(endpoints);
  });

  afterEach(() => server.close());

  function client() {
    const options = { baseUrl: server.url, httpVersion: http, useBinaryFormat: binary };
    const transport =
      protocol === 'grpc'
        ? createGrpcTransport(options)
        : protocol === 'grpc-web'
          ? createGrpcWebTransport(options)
          : createConnectTransport(options);
    return createClient(SignalingService, transport);
  }

  const request = create(SendFramesRequestSchema, {
    sendKey: 'grüße.key',
    ack: 4_000_000_000,
    frames: [1, 2].map((seq) =>
      create(ClientFrameSchema, { seq, body: { case: 'pong', value: { id: seq } as never } }),
    ),
  });

  it('hands the frames on as they are and answers ack and errors', async () => {
    const refused = create(FrameErrorSchema, { seq: 2, reason: Reason.TOO_LARGE, detail: 'ä' });
    answer = (_batch, done) =>
      setImmediate(() => done({ kind: 'done', ack: 300, errors: [toBinary(FrameErrorSchema, refused)] }));
    const got = await client().sendFrames(request, { headers: { authorization: 'bearer tok' } });
    expect(got.ack).toBe(300);
    expect(got.errors).toMatchObject([{ seq: 2, reason: Reason.TOO_LARGE, detail: 'ä' }]);
    const [batch] = batches;
    expect(batch).toMatchObject({ sendKey: 'grüße.key', ack: 4_000_000_000 });
    expect(batch?.peer).toMatchObject({ bearerToken: 'tok', address: '127.0.0.1' });
    expect(batch?.frames.map((frame) => fromBinary(ClientFrameSchema, frame).seq)).toEqual([1, 2]);
  });

  it('answers a batch of nothing', async () => {
    answer = (_batch, done) => done({ kind: 'done', ack: 0, errors: [] });
    const got = await client().sendFrames({});
    expect(got).toMatchObject({ ack: 0, errors: [] });
    expect(batches[0]).toMatchObject({ sendKey: '', ack: 0, frames: [] });
  });

  it('tells a refused call what to do next, as a stream’s Closed would', async () => {
    answer = (_batch, done) =>
      done({ kind: 'refused', ending: endingOf(Reason.DRAINING, 'going away', 1500) });
    const error = ConnectError.from(
      await client()
        .sendFrames(request)
        .catch((reason) => reason),
    );
    expect(error.code).toBe(Code.Unavailable);
    const [closed] = error.findDetails(ClosedSchema);
    expect(closed).toMatchObject({ reason: Reason.DRAINING, nextStep: NextStep.RESUME });
    expect(closed?.retryAfter).toMatchObject({ seconds: 1n, nanos: 500_000_000 });
  });
});

describe('a SendFramesRequest', () => {
  it.each([
    ['send_key given twice', [0x0a, 0, 0x0a, 0]],
    ['ack given twice', [0x10, 1, 0x10, 2]],
    ['ack of the wrong wire type', [0x12, 0]],
    ['a frame of the wrong wire type', [0x18, 0]],
    ['invalid UTF-8 in send_key', [0x0a, 1, 0xff]],
    ['a frame beyond its end', [0x1a, 2, 0]],
    ['an over-long varint', [0x10, ...new Array(10).fill(0x80), 1]],
    ['field number 0', [0x00, 1]],
    ['a group', [0x23, 0x24]],
  ])('is malformed with %s', (_name, bytes) => {
    expect(splitSendRequest(new Uint8Array(bytes))).toBeUndefined();
  });

  it('may have fields of a newer schema', () => {
    const parts = splitSendRequest(
      new Uint8Array([0x20, 5, 0x29, ...new Array(8).fill(0), 0x35, 0, 0, 0, 0, 0x10, 7]),
    );
    expect(parts).toEqual({ sendKey: '', ack: 7, frames: [] });
  });
});
