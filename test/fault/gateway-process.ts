/** A gateway in a process of its own, with what it has at hand to be looked at. Started by `GatewayChild`. */
import { subscribe } from 'node:diagnostics_channel';
import { pino } from 'pino';
import { type RawConfig, resolveConfig } from '../../src/config.ts';
import { serve } from '../../src/serve.ts';
import type { GatewayReport } from './gateway-child.ts';
import { ProcessHealth } from './process-health.ts';

const health = new ProcessHealth();
let streams = 0;
subscribe('http2.server.stream.created', () => {
  streams += 1;
});
subscribe('http2.server.stream.close', () => {
  streams -= 1;
});
const errors: string[] = [];
const log = pino({ level: 'error' }, { write: (line) => void errors.push(line) });
const config = JSON.parse(process.argv[2] ?? '{}') as RawConfig;
const served = await serve({
  config: resolveConfig({ port: 0 }, config),
  log,
  version: 'fault',
  webRoot: '/nonexistent',
});

async function report(collect: boolean): Promise<GatewayReport> {
  const { node, gateway } = served;
  const {
    sessions,
    connections,
    rooms: followed,
    attachedSessions: attached,
    blockedSessions: blocked,
  } = node.figures;
  const kept = await node.engine.listRooms('', '', '', Number.MAX_SAFE_INTEGER);
  const seen = health.read(errors);
  if (collect) globalThis.gc?.();
  health.skip();
  const { heapUsed, rss } = process.memoryUsage();
  return {
    gauges: { sessions, connections, followed, rooms: kept.length, sockets: gateway.openSockets },
    health: seen,
    attached,
    blocked,
    streams,
    starved: health.starved,
    heapBytes: heapUsed,
    residentBytes: rss,
    cpuMs: process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000,
  };
}

process.on('message', async (message) => {
  if (message === 'close') await served.close();
  process.send?.({ report: await report(message !== 'look') });
  if (message === 'close') process.disconnect?.();
});
process.on('SIGTERM', async () => {
  const last = await report(false);
  await served.drain(true);
  process.send?.({ report: { ...last, health: health.read(errors) } }, () => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
health.reset();
process.send?.({ url: served.gateway.url });
