import { afterEach, describe, expect, it } from 'vitest';
import { Participant_State as State } from '../../gen/signalbox/v1/participant_pb.ts';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import { openLane } from '../helpers/lane-clients.ts';
import { FaultProxy } from './fault-proxy.ts';
import { Http2Terminator } from './http2-terminator.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const limits = { pingIntervalMs: 500, pongTimeoutMs: 500, resumeWindowMs: 60_000 };

/** The interval, the patience, and a look once a second at each. */
const awayMs = 500 + 500 + 2000 + 500;

/** Client, link that can be swallowed, terminator, gateway; and somebody in the room who connects directly and looks. */
async function behindTerminator(
  kind: 'grpc' | 'grpc-web' | 'connect',
  overrides: Partial<typeof limits> = {},
) {
  const gateway: E2eGateway = await startE2eGateway({ limits: { ...limits, ...overrides } });
  closing.push(() => gateway.close());
  const terminator = await Http2Terminator.start(gateway.url);
  closing.push(() => terminator.close());
  const link = await FaultProxy.start(terminator.url);
  closing.push(() => link.close());
  const observer = await openLane('grpc', {
    url: gateway.url,
    token: await gateway.token({ identity: 'bob' }),
  });
  await observer.join('r');
  const client = await openLane(kind, { url: link.url, token: await gateway.token({ identity: 'ada' }) });
  const { participant } = await client.join('r');
  closing.push(() => {
    observer.transport.drop();
    client.transport.drop();
  });
  const seen = (state: State) =>
    observer.until(
      'rosterDelta',
      ({ updated }) => updated.some((one) => one.id === participant?.id && one.state === state),
      awayMs,
    );
  return { gateway, terminator, link, client, seen };
}

describe('behind a proxy that terminates HTTP/2', () => {
  it.each(['grpc', 'grpc-web', 'connect'] as const)(
    'a peer on %s whose link swallows everything is AWAY, while all connections and their pings are fine',
    async (kind) => {
      const { gateway, terminator, link, seen } = await behindTerminator(kind);
      link.set({ hole: 'both' });
      const began = performance.now();
      await seen(State.AWAY);
      expect(performance.now() - began).toBeGreaterThan(limits.pingIntervalMs);
      expect(await terminator.ping()).toBeLessThan(1000);
      expect([link.connections.size, gateway.served.node.figures.attachedSessions]).toEqual([1, 1]);
    },
  );

  it('an idle peer that answers from its read path stays ACTIVE', async () => {
    const { client, seen, gateway } = await behindTerminator('grpc');
    await expect(seen(State.AWAY)).rejects.toThrow(/waited/);
    expect(client.frames.filter(({ body }) => body.case === 'ping').length).toBeGreaterThan(1);
    expect(gateway.served.node.figures.attachedSessions).toBe(2);
  });

  it('nothing but the Ping frames tells: without them the peer is held to be there', async () => {
    const { link, seen } = await behindTerminator('grpc', { pingIntervalMs: 600_000 });
    link.set({ hole: 'both' });
    await expect(seen(State.AWAY)).rejects.toThrow(/waited/);
  });
});
