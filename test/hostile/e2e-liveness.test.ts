import { expect, test } from 'vitest';
import { Participant_State as State } from '../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import { startE2eGateway } from '../helpers/e2e-gateway.ts';
import { laneKinds, openLane } from '../helpers/lane-clients.ts';

// The short version, in real time, of what `e2e-time.test.ts` shows over minutes of virtual time.

test('on every lane who answers Pings stays ACTIVE, and who answers none is AWAY', async () => {
  const limits = { pingIntervalMs: 500, pongTimeoutMs: 2000 };
  const gateway = await startE2eGateway({ limits });
  const open = async (identity: string, kind: (typeof laneKinds)[number], autoPong: boolean) => {
    const token = await gateway.token({ identity });
    const client = await openLane(kind, { url: gateway.url, token, autoPong });
    const { participant } = await client.join('r');
    return { client, id: participant?.id ?? '' };
  };
  const watcher = await open('watcher', 'grpc', true);
  const answering = await Promise.all(laneKinds.map((kind) => open(kind, kind, true)));
  const silent = await Promise.all(laneKinds.map((kind) => open(`silent-${kind}`, kind, false)));
  for (const { client } of silent) {
    const ending = await client.until('closed', () => true, 15_000);
    expect(ending).toMatchObject({ reason: Reason.IDLE, nextStep: NextStep.RESUME });
  }
  const away = new Set(silent.map(({ id }) => id));
  for (const id of away) {
    await watcher.client.until('rosterDelta', ({ updated }) =>
      updated.some((one) => one.id === id && one.state === State.AWAY),
    );
  }
  for (const { client } of answering) {
    expect(client.frames.filter(({ body }) => body.case === 'ping').length).toBeGreaterThan(1);
    expect(client.end).toBeUndefined();
  }
  const seen = watcher.client.frames.flatMap(({ body }) =>
    body.case === 'rosterDelta' ? body.value.updated.map(({ id }) => id) : [],
  );
  expect(new Set(seen)).toEqual(away);
  for (const { client } of [watcher, ...answering]) client.transport.drop();
  await gateway.close();
});
