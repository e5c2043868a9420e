import { credentials, Client as GrpcClient, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { Participant_State as State } from '../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { Welcome_Outcome as Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import { NegotiationControl_Action as Action } from '../../gen/signalbox/v1/signal_pb.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import { encodeFrame, LaneClient } from '../helpers/lane-client.ts';
import { type LaneKind, openLane } from '../helpers/lane-clients.ts';
import { resumeOf } from '../helpers/resume-point.ts';

// However a connection ends, its session is detached and never left: peers see AWAY, a resume within the window brings
// back ACTIVE and everything that was sent meanwhile, and only the end of the window is told as `left`.

const windowMs = 1_500;
/** Short, yet long enough to join within it on a busy machine. */
const deadlineMs = 700;

type Way = 'cancel' | 'half-close' | 'deadline' | 'drop' | 'reset-socket';

const ways: readonly (readonly [LaneKind | 'grpc-js', Way])[] = [
  ['grpc', 'cancel'],
  ['grpc', 'half-close'],
  ['grpc', 'deadline'],
  ['grpc', 'drop'],
  ['grpc', 'reset-socket'],
  // Half-closes before it resets.
  ['grpc-js', 'cancel'],
  ['grpc-js', 'deadline'],
  ['grpc-web', 'cancel'],
  ['grpc-web', 'half-close'],
  ['grpc-web', 'deadline'],
  ['grpc-web', 'drop'],
  ['connect', 'cancel'],
  ['connect', 'half-close'],
  ['connect', 'deadline'],
  ['connect', 'drop'],
  ['connect-json', 'cancel'],
  ['connect-json', 'drop'],
  ['ws-proto', 'cancel'],
  ['ws-proto', 'half-close'],
  ['ws-proto', 'drop'],
  ['ws-proto', 'reset-socket'],
  ['ws-json', 'cancel'],
  ['ws-json', 'drop'],
  ['halves-grpc-web', 'cancel'],
  ['halves-grpc-web', 'deadline'],
  ['halves-grpc-web', 'drop'],
  ['halves-connect', 'cancel'],
  ['halves-connect', 'deadline'],
  ['halves-connect', 'drop'],
  // An AbortController in the middle of ReceiveFrames, as a page does it.
  ['halves-fetch', 'cancel'],
];

let gateway: E2eGateway;
beforeAll(async () => {
  gateway = await startE2eGateway({ limits: { resumeWindowMs: windowMs } });
});
afterAll(() => gateway.close());

describe.concurrent('a connection that ends is detached, never left', () => {
  test.for(ways)('%s: %s', async ([kind, way], { expect }) => {
    const room = `${kind}-${way}`;
    const peer = await openLane('grpc', {
      url: gateway.url,
      token: await gateway.token({ identity: 'peer' }),
    });
    const { participant: own } = await peer.join(room);

    const token = await gateway.token({ identity: 'sam' });
    const timeout = way === 'deadline' ? { timeoutMs: deadlineMs } : {};
    const before = await open(kind, { url: gateway.url, token, ...timeout });
    const welcome = await before.until('welcome');
    const { participant } = await before.join(room);
    const id = participant?.id ?? '';
    await peer.until('rosterDelta', ({ joined }) => joined.some((it) => it.id === id));
    // Acknowledged, so that nothing stands in the inbox that could hide a loss.
    peer.send({ case: 'signal', value: signalTo(id, 'before') });
    await before.until('signal');
    await peer.untilAcked();

    lose(before, way);
    await before.ended;
    await peer.until('rosterDelta', ({ updated }) =>
      updated.some((it) => it.id === id && it.state === State.AWAY),
    );

    const details = ['one', 'two', 'three'];
    for (const detail of details) peer.send({ case: 'signal', value: signalTo(id, detail) });
    peer.send({ case: 'message', value: { room, content: { case: 'text', value: 'meanwhile' } } });
    await peer.untilAcked();

    const after = await open(kind, {
      url: gateway.url,
      hello: { resume: resumeOf(before, welcome) },
      token: '',
      firstSeq: before.seq + 1,
    });
    const again = await after.until('welcome');
    expect(again).toMatchObject({ outcome: Outcome.RESUMED, sessionId: welcome.sessionId });
    await after.until('message', ({ content }) => content.value === 'meanwhile');
    for (const detail of details) {
      const { payload } = await after.until('signal');
      expect(payload).toMatchObject({ case: 'control', value: { detail } });
    }
    await peer.until('rosterDelta', ({ updated }) =>
      updated.some((it) => it.id === id && it.state === State.ACTIVE),
    );
    const unwanted = after.frames.filter(({ body }) =>
      ['joined', 'resync', 'error'].includes(body.case ?? ''),
    );
    expect(unwanted).toEqual([]);
    // The session can be used as before, both ways.
    after.send({ case: 'signal', value: signalTo(own?.id ?? '', 'back') });
    const back = await peer.untilFrame(({ body }) => body.case === 'signal', 'signal');
    expect(back.origin).toMatchObject({ sender: id, senderSeq: after.seq });
    expect(departures(peer)).toEqual([]);

    const lostAt = performance.now();
    lose(after, way === 'deadline' ? 'drop' : way);
    await after.ended;
    const { left } = await peer.until('rosterDelta', ({ left: gone }) => gone.length > 0, 5_000);
    expect(left).toMatchObject([{ id, reason: Reason.LEASE_EXPIRED }]);
    expect(performance.now() - lostAt).toBeGreaterThan(windowMs - 100);
    peer.transport.drop();
  });
});

function departures(client: LaneClient): unknown[] {
  return client.frames.flatMap(({ body }) => (body.case === 'rosterDelta' ? body.value.left : []));
}

function signalTo(to: string, detail: string) {
  return {
    to,
    connectionId: 'main.test',
    negotiationId: 1,
    payload: { case: 'control' as const, value: { action: Action.REQUEST_OFFER, detail } },
  };
}

function lose(client: LaneClient, way: Way): void {
  if (way === 'cancel') client.transport.cancel();
  else if (way === 'half-close') client.transport.halfClose();
  else if (way === 'drop') client.transport.drop();
  else if (way === 'reset-socket') client.transport.reset();
  // A deadline passes by itself.
}

type Options = Parameters<typeof openLane>[1];

function open(kind: LaneKind | 'grpc-js', options: Options): Promise<LaneClient> {
  return kind === 'grpc-js' ? openGrpcJs(options) : openLane(kind, options);
}

/** @grpc/grpc-js as it is: its cancel and its deadline, not ours. */
async function openGrpcJs(options: Options): Promise<LaneClient> {
  const client = new LaneClient(options, false);
  const grpc = new GrpcClient(new URL(options.url).host, credentials.createInsecure());
  const deadline = options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
  const call = grpc.makeBidiStreamRequest(
    '/signalbox.v1.SignalingService/Connect',
    (bytes: Uint8Array) => Buffer.from(bytes),
    (bytes: Buffer) => new Uint8Array(bytes),
    new Metadata(),
    deadline,
  );
  call.on('data', (bytes: Uint8Array) => client.sink.message(bytes));
  call.on('error', () => {});
  call.on('status', ({ code, details }) => {
    client.sink.ended({ code: String(code), message: details });
    grpc.close();
  });
  const cancel = () => call.cancel();
  client.start({
    message: (bytes) => void call.write(bytes as Uint8Array),
    cancel,
    halfClose: () => call.end(),
    drop: cancel,
    reset: cancel,
  });
  const hello = encodeFrame({
    body: { case: 'hello', value: { token: options.token ?? '', ...options.hello } },
  });
  call.write(lengthField(1, hello));
  return client;
}
