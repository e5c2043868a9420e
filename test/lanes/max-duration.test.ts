import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { expect, onTestFinished, test } from 'vitest';
import { NextStep, Welcome_Outcome as Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import { SignalingService } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { startE2eGateway } from '../helpers/e2e-gateway.ts';

test('a receiving half ends with Closed(RESUME) after its max_duration, and the session goes on', async () => {
  const gateway = await startE2eGateway();
  onTestFinished(() => gateway.close());
  const baseUrl = gateway.url;
  const client = createClient(SignalingService, createConnectTransport({ baseUrl, httpVersion: '1.1' }));
  const token = await gateway.token({ identity: 'ada' });
  const halves = async (resume?: { token: string; attempt: number; epoch: string }) => {
    const bodies: { case?: string | undefined; value?: unknown }[] = [];
    const started = performance.now();
    const hello = { token, ...(resume === undefined ? {} : { resume }) };
    const stream = client.receiveFrames({ hello, maxDuration: { seconds: 0n, nanos: 300_000_000 } });
    await (async () => {
      for await (const { frame } of stream) if (frame !== undefined) bodies.push(frame.body);
    })().catch(() => {});
    return { bodies, elapsed: performance.now() - started };
  };
  const first = await halves();
  expect(first.elapsed).toBeGreaterThan(290);
  expect(first.elapsed).toBeLessThan(3_000);
  const [welcome] = first.bodies;
  expect(first.bodies.at(-1)).toMatchObject({ case: 'closed', value: { nextStep: NextStep.RESUME } });
  if (welcome?.case !== 'welcome') throw new Error('no Welcome');
  const { resumeToken, epoch } = welcome.value as { resumeToken: string; epoch: string };
  const second = await halves({ token: resumeToken, attempt: 2, epoch });
  expect(second.bodies[0]).toMatchObject({ case: 'welcome', value: { outcome: Outcome.RESUMED } });
});
